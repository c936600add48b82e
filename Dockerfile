# One file, two images:
#   docker build --target operator .    the controller: kopf and the Kubernetes client, no Paddle
#   docker build --target runtime  .    the server: Paddle Inference, OpenCV, the built-in PP-OCRv4 mobile bundle
#
# Another device takes its vendor's base and its vendor's Paddle wheel (x86-64 and arm64 alike):
#   docker build --target runtime --build-arg DEVICE=GPU \
#     --build-arg BASE_IMAGE=nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04 \
#     --build-arg PADDLE_WHEEL='paddlepaddle-gpu==3.2.2 --index-url INDEX-OF-THE-VENDOR' \
#     --build-arg ONNXRUNTIME_WHEEL='onnxruntime-gpu==1.32.0' .
# ONNXRUNTIME_WHEEL takes the place of the CPU's onnxruntime. Alone it makes an image without Paddle, which serves
# bundles in the ONNX form, such as builtin:ppocr-v4-mobile-onnx.
# BASE_IMAGE needs apt or a Python between 3.11 and 3.12 of its own (named by PYTHON).
#
# Layers run from what changes least to what changes most: a change of source rebuilds the last one, of some
# hundred kilobytes, and leaves the dependencies (most of a gigabyte) alone.
ARG BASE_IMAGE=debian:bookworm-slim

# ---- a Python to stand on -----------------------------------------------------------------------------------
FROM ${BASE_IMAGE} AS python
ARG PYTHON=/usr/bin/python3
RUN set -eu; \
    if ! [ -x "${PYTHON}" ] || ! [ -d /etc/ssl/certs ]; then \
        apt-get update; \
        apt-get install -y --no-install-recommends python3 ca-certificates; \
        rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt; \
    fi; \
    "${PYTHON}" -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 12), f"Python 3.11 or 3.12 is needed, this base has {sys.version}"'
# A name for the user: libraries that ask who they are fail on a number alone.
RUN echo 'paddle:x:65532:65532:paddle-sla:/tmp:/usr/sbin/nologin' >> /etc/passwd; \
    echo 'paddle:x:65532:' >> /etc/group
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# ---- what builds: uv and hatchling, pinned by hash ------------------------------------------------------------
FROM python AS tools
ARG PYTHON=/usr/bin/python3
RUN set -eu; \
    if ! "${PYTHON}" -c 'import ensurepip' 2>/dev/null; then \
        apt-get update; \
        apt-get install -y --no-install-recommends python3-venv; \
        rm -rf /var/lib/apt/lists/*; \
    fi
COPY hack/cluster/images/tools.txt /tools.txt
RUN "${PYTHON}" -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r /tools.txt
ENV PATH=/opt/tools/bin:$PATH

# ---- the lock as lists of hashes: equal lists keep the layers below, whatever else pyproject.toml says --------
FROM tools AS lock
WORKDIR /lock
COPY pyproject.toml uv.lock ./
RUN set -eu; \
    export="uv export --frozen --no-dev --no-emit-project --no-header --no-annotate --format requirements-txt --quiet"; \
    $export --extra operator -o operator.txt; \
    $export --extra runtime -o runtime.txt; \
    $export --extra runtime --no-emit-package paddlepaddle -o runtime-without-paddle.txt; \
    $export --extra runtime --no-emit-package paddlepaddle --no-emit-package onnxruntime -o runtime-without-engines.txt

# ---- dependencies of the operator -----------------------------------------------------------------------------
FROM python AS operator-deps
ARG PYTHON=/usr/bin/python3
COPY --from=lock /lock/operator.txt /usr/share/paddle-sla/
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/opt/tools \
    set -eu; \
    export UV_SYSTEM_CERTS=1 UV_NO_CACHE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never; \
    /opt/tools/bin/uv venv --python "${PYTHON}" /opt/paddle-sla; \
    /opt/tools/bin/uv pip install --python /opt/paddle-sla/bin/python --require-hashes --compile-bytecode \
        -r /usr/share/paddle-sla/operator.txt; \
    find /opt/paddle-sla -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} +

# ---- dependencies of the runtime ------------------------------------------------------------------------------
FROM python AS runtime-deps
# libgomp is OpenMP, which Paddle and OpenBLAS are linked against.
RUN set -eu; \
    if ! ldconfig -p | grep -q libgomp.so.1; then \
        apt-get update; \
        apt-get install -y --no-install-recommends libgomp1; \
        rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt; \
    fi
ARG PYTHON=/usr/bin/python3
ARG DEVICE=CPU
ARG PADDLE_WHEEL=
ARG ONNXRUNTIME_WHEEL=
COPY --from=lock /lock/runtime.txt /lock/runtime-without-paddle.txt /lock/runtime-without-engines.txt /usr/share/paddle-sla/
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/opt/tools \
    set -eu; \
    export UV_SYSTEM_CERTS=1 UV_NO_CACHE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never; \
    /opt/tools/bin/uv venv --python "${PYTHON}" /opt/paddle-sla; \
    install="/opt/tools/bin/uv pip install --python /opt/paddle-sla/bin/python --compile-bytecode"; \
    if [ -n "${ONNXRUNTIME_WHEEL}" ]; then \
        $install --require-hashes -r /usr/share/paddle-sla/runtime-without-engines.txt; \
        $install ${ONNXRUNTIME_WHEEL}; \
        if [ -n "${PADDLE_WHEEL}" ]; then $install ${PADDLE_WHEEL}; fi; \
    elif [ -n "${PADDLE_WHEEL}" ]; then \
        $install --require-hashes -r /usr/share/paddle-sla/runtime-without-paddle.txt; \
        $install ${PADDLE_WHEEL}; \
    elif [ "${DEVICE}" = CPU ]; then \
        $install --require-hashes -r /usr/share/paddle-sla/runtime.txt; \
    else \
        echo "DEVICE=${DEVICE} needs PADDLE_WHEEL, the package, file or address of the vendor's Paddle for that device," \
            "or for bundles in the ONNX form ONNXRUNTIME_WHEEL" >&2; \
        exit 1; \
    fi; \
    cd /opt/paddle-sla/lib/python3*/site-packages; \
    rm -rf paddle/include; \
    find . -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +; \
    find . -name '*.pyi' -delete

# ---- the built-in bundle: PP-OCRv4 mobile, real weights, pinned by hash in hack/models.py -----------------------
FROM tools AS models
COPY hack/models.py /hack/models.py
COPY hack/bundles /hack/bundles
RUN python /hack/models.py --into /models --cache /tmp/cache && rm -rf /tmp/cache

# ---- our own wheel --------------------------------------------------------------------------------------------
FROM tools AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE* ./
COPY operator/paddle_operator operator/paddle_operator
COPY runtime/paddle_runtime runtime/paddle_runtime
RUN SOURCE_DATE_EPOCH=1700000000 hatchling build -t wheel -d /dist

# ---- the operator ---------------------------------------------------------------------------------------------
FROM operator-deps AS operator
# Copied, not mounted: builders look at the bytes of a copy when they decide whether a layer is still good.
COPY --from=wheel /dist /usr/share/paddle-sla/
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/opt/tools \
    /opt/tools/bin/uv pip install --no-cache --offline --no-deps --compile-bytecode \
        --python /opt/paddle-sla/bin/python /usr/share/paddle-sla/*.whl
ENV HOME=/tmp \
    PATH=/opt/paddle-sla/bin:$PATH
USER 65532:65532
ENTRYPOINT ["paddle-operator"]

# ---- the runtime ----------------------------------------------------------------------------------------------
FROM runtime-deps AS runtime
COPY --from=models /models /opt/paddle-sla/share/paddle-runtime/models
COPY --from=wheel /dist /usr/share/paddle-sla/
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/opt/tools \
    /opt/tools/bin/uv pip install --no-cache --offline --no-deps --compile-bytecode \
        --python /opt/paddle-sla/bin/python /usr/share/paddle-sla/*.whl
ARG DEVICE=CPU
ENV HOME=/tmp \
    PATH=/opt/paddle-sla/bin:$PATH \
    OMP_NUM_THREADS=1 \
    PADDLE_RUNTIME_DEVICE=${DEVICE}
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["paddle-runtime"]
CMD ["serve"]
