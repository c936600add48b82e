"""What the page says, in English and Chinese. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Service level report", "服务水平报告"),
    "all kept": ("Every promise was kept.", "所有承诺均已兑现。"),
    "some broken": ("Not kept: {broken} of {all} promises.", "{all} 项承诺中有 {broken} 项未兑现。"),
    "not all measured": (
        "No promise was broken; {unmeasured} of {all} could not be judged.",
        "没有承诺被违反；{all} 项中有 {unmeasured} 项无法判定。",
    ),
    "period": ("{start} to {end}, {zone}", "{start} 至 {end}（{zone}）"),
    "observed from": ("The service was created at {moment}.", "服务创建于 {moment}。"),
    "promise changed": (
        "The promise was changed at {moment}. Until then it was: {before}.",
        "承诺已于 {moment} 更改，此前为：{before}。",
    ),
    "judged by the present": (
        "The period is judged by the present targets; exclusions are applied while they were in force.",
        "整个时段按当前目标判定；排除时间仅在其生效期间适用。",
    ),
    "promise known from": (
        "What was promised before {moment} is not known: no exclusion is applied before it.",
        "{moment} 之前的承诺未知：此前不适用任何排除时间。",
    ),
    "unknown lead": (
        "Of {time} of it ({share} %) nobody can tell what happened.",
        "其中 {time}（{share} %）无法得知发生了什么。",
    ),
    "Kept": ("Kept", "已兑现"),
    "Broken": ("Broken", "未兑现"),
    "TooLittleTraffic": ("Too little traffic to judge", "流量过少，无法判定"),
    "UnknownTime": ("Too much time unknown to judge", "未知时间过长，无法判定"),
    "NotMeasured": ("Not measured", "未衡量"),
    "availability": ("{share} % of requests answered", "{share} % 的请求得到响应"),
    "latency": ("{share} % within {threshold} ms", "{share} % 的请求在 {threshold} 毫秒内完成"),
    "errorRate": ("at most {share} % failed", "失败的请求不超过 {share} %"),
    "promised": ("promised", "承诺"),
    "attained": ("Attained", "实际达成"),
    "good of": ("{good} of {total} requests good", "{total} 个请求中 {good} 个合格"),
    "spent of budget": ("{spent} % of the error budget spent", "已消耗错误预算的 {spent} %"),
    "allowed": (
        "{allowed} requests were allowed to fail, {bad} did",
        "允许 {allowed} 个请求失败，实际 {bad} 个",
    ),
    "unknown share": ("{time} unknown", "{time} 未知"),
    "at Synthetic": ("counted by golden requests", "按黄金请求统计"),
    "at Gateway": ("counted at the gateway", "在网关统计"),
    "at Runtime": ("counted in the pods", "在 Pod 内统计"),
    "no requests": ("No request was counted.", "没有统计到请求。"),
    "attained plot": (
        "Good requests over time, with the promise as a dashed line. Points below it are marked.",
        "合格请求比例随时间的变化；虚线为承诺值，低于承诺的点有标记。",
    ),
    "budget plot": (
        "Error budget spent so far, by revision. At 100 % all of it is spent.",
        "累计消耗的错误预算（按版本）；100 % 表示全部用完。",
    ),
    "traffic": ("Requests by revision", "各版本的请求"),
    "unknown": ("Unknown time", "未知时间"),
    "excluded": ("Excluded time", "排除时间"),
    "incident": ("Incident", "事故"),
    "target": ("Promise", "承诺"),
    "by revision": ("By revision", "按版本"),
    "revision": ("Revision", "版本"),
    "good": ("Good", "合格"),
    "bad": ("Bad", "不合格"),
    "total": ("Requests", "请求数"),
    "spent": ("Budget spent", "预算消耗"),
    "incidents": ("Incidents", "事故"),
    "incidents text": (
        "Stretches in which the budget was spent faster than the promise allows.",
        "预算消耗速度超过承诺允许值的时段。",
    ),
    "no incidents": ("None.", "无。"),
    "slight": (
        "Too few to judge: {bad} of {total} bad in {stretches} stretches, {spent} % of the budget.",
        "另有 {stretches} 个流量过少的时段：{total} 个请求中 {bad} 个不合格，消耗预算的 {spent} %。",
    ),
    "left out": ("{count} smaller ones are not listed.", "另有 {count} 条较小的未列出。"),
    "from": ("From", "开始"),
    "to": ("To", "结束"),
    "worst burn": ("Worst burn rate", "最高消耗速率"),
    "times": ("{rate} ×", "{rate} 倍"),
    "unknown text": (
        "Nobody can say what happened in this time. It is counted neither as good nor as bad.",
        "无法得知这段时间发生了什么，既不算合格也不算不合格。",
    ),
    "cause": ("Cause", "原因"),
    "pod": ("Pod", "Pod"),
    "all pods": ("all", "全部"),
    "length": ("Length", "时长"),
    "Reset": ("A process restarted", "进程重启"),
    "Gap": ("Scrapes are missing", "缺少采样"),
    "Start": ("Before the first scrape", "首次采样之前"),
    "End": ("After the last scrape of a pod", "Pod 最后一次采样之后"),
    "Silence": ("No pod was scraped", "没有任何 Pod 被采样"),
    "Boundary": ("The pods measured another threshold", "Pod 使用的是其他阈值"),
    "Wrong": ("The samples cannot be right", "采样数据有误"),
    "exclusions text": (
        "The promise does not hold in this time, as agreed.",
        "按约定，承诺在这段时间不适用。",
    ),
    "revisions": ("Revisions and their models", "版本与模型"),
    "model": ("Model", "模型"),
    "first": ("First requests", "最早请求"),
    "last": ("Last requests", "最晚请求"),
    "name": ("Name", "名称"),
    "evidence": ("Evidence", "依据"),
    "evidence text": (
        "Every number can be counted again from these queries and times.",
        "所有数字都可以用下列查询和时间重新统计。",
    ),
    "query": ("Query", "查询"),
    "asked": (
        "asked {times} times from {first} to {last}: {samples} samples of {series} series",
        "从 {first} 到 {last} 共查询 {times} 次：{series} 个序列，{samples} 个样本",
    ),
    "promise hash": ("Promise", "承诺"),
    "made": ("Made at {moment} by {by}", "由 {by} 于 {moment} 生成"),
    "requests line": (
        "{good} answered, {bad} failed, {refused} refused for want of room, {invalid} mistakes of callers",
        "成功 {good}，失败 {bad}，因容量不足被拒绝 {refused}（计为不合格），调用方错误 {invalid}",
    ),
    "language": ("Language", "语言"),
    "others": ("others", "其他"),
}


def text(key: str, language: str, **values: str) -> str:
    """Return a text in one language."""
    return WORDS[key][tuple(LANGUAGES).index(language)].format(**values)


def both(key: str, **values: str) -> str:
    """Return a text as HTML in both languages, of which the page shows one."""
    return "".join(
        f'<span lang="{language}">{escape(text(key, language, **values))}</span>' for language in LANGUAGES
    )
