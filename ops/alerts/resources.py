"""The alerts on pods: memory, processor, restarts."""

from collections.abc import Iterator

from ops.alerts import series
from ops.alerts.names import Alert
from ops.alerts.recorded import CRASHES_WITHIN
from ops.alerts.rule import Rule
from ops.alerts.watched import Watched

WHOSE = "{{ $labels.service }} of {{ $labels.color }}"


def rules(watched: Watched) -> Iterator[Rule]:
    """Those whose exporter there is."""
    limits, spans = watched.limits, watched.spans

    def of(name: str) -> str:
        return series.query(name, watched.namespace)

    if "kubelet" in watched.exporters:
        yield Rule(
            Alert.MEMORY_HIGH,
            f"{of(series.MEMORY_PERCENT)} > {limits.memory_percent.value:g}",
            spans.shortened(limits.memory_percent.minutes),
            "warning",
            f'A pod of {WHOSE} uses {{{{ $value | printf "%.0f" }}}} % of its memory',
            f"More than {limits.memory_percent.value:g} % of its limit; at 100 % it is killed.",
        )
        yield Rule(
            Alert.CPU_HIGH,
            f"{of(series.CPU_PERCENT)} > {limits.cpu_percent.value:g}",
            spans.shortened(limits.cpu_percent.minutes),
            "warning",
            f'{WHOSE} uses {{{{ $value | printf "%.0f" }}}} % of the processor it asked for',
            f"All pods together use more than {limits.cpu_percent.value:g} % of their requests.",
        )
    if "kube-state-metrics" in watched.exporters:
        yield Rule(
            Alert.CRASH_LOOP,
            f"{of(series.RESTARTS_COUNT)} >= {limits.crash_loop_restarts}",
            "0s",
            "critical",
            f'A pod of {WHOSE} was restarted {{{{ $value | printf "%.0f" }}}} times in '
            f"{CRASHES_WITHIN}",
            "It ends by itself or fails its liveness probe, again and again.",
        )
