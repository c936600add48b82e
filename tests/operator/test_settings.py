"""Settings from the environment, with an error that names the variable and the value."""

from __future__ import annotations

import dataclasses

import pytest

from paddle_operator.errors import SettingInvalid
from paddle_operator.settings import PREFIX, Settings, reference


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.scope == ()
    assert settings.identity


def test_every_setting_is_read_from_its_variable_and_documented() -> None:
    for item in dataclasses.fields(Settings):
        assert f"`{PREFIX}{item.name.upper()}`" in reference()
        assert item.metadata["purpose"]
        assert item.metadata["unit"]


def test_the_operators_own_namespace_is_watched_too_when_namespaces_are_named() -> None:
    environment = {PREFIX + "WATCH_NAMESPACES": "b, a,", PREFIX + "NAMESPACE": "system"}
    assert Settings.from_environment(environment).scope == ("a", "b", "system")


def test_the_image_of_a_device_is_taken_from_its_variable() -> None:
    images = Settings.from_environment({PREFIX + "RUNTIME_IMAGE_NPU": "npu:1"}).runtime_images
    assert images["NPU"] == "npu:1"
    assert set(images) == {"CPU", "GPU", "NPU", "MLU"}


def test_labels_of_monitors_are_read_in_pairs() -> None:
    settings = Settings.from_environment({PREFIX + "MONITORING_LABELS": "release=prom, team=a=b"})
    assert settings.labels_of_monitoring == {"release": "prom", "team": "a=b"}


def test_a_switch_is_true_or_false() -> None:
    assert Settings().dashboards
    assert not Settings.from_environment({PREFIX + "DASHBOARDS": "false"}).dashboards
    assert "| `PADDLE_OPERATOR_DASHBOARDS` | `true` |" in reference()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WORKERS", "many"),
        ("WORKERS", "0"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
        ("ACCELERATOR_SOURCE", "DCGM"),
        ("LEASE_SECONDS", "5"),
        ("DASHBOARDS", "yes"),
        ("PROMETHEUS_URL", "prometheus:9090"),
        ("PROMETHEUS_URL", "http://user:password@prometheus:9090"),
        ("PROMETHEUS_URL", "http://prometheus:9090/?x=1"),
        ("MONITORING_LABELS", "release"),
        ("RUNBOOKS", "docs/runbooks"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name_and_remedy(variable: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=variable) as refused:
        Settings.from_environment({PREFIX + variable: value})
    assert value in str(refused.value)
