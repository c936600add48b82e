// No program is built of it: hack/api_schemas.py reads the CRDs that the module carries.
module paddle-sla.local/tools/prometheus-operator

go 1.26.7

require github.com/prometheus-operator/prometheus-operator v0.85.0
