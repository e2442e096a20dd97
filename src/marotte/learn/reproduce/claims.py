"""The measurable claims of §§ 4.3, 4.4 and 4.6: one function per claim, and the list of claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from marotte.learn.reproduce.results import LANGUAGES, OTHER
from marotte.learn.reproduce.rows import TEACHER
from marotte.learn.reproduce.verdicts import Claim, Measured, NotMeasured, Verdict

LATENCY_MS = 140.0  # the paper's targets, § 4.3
MEMORY_MIB = 8.0
FRAME_MS = 33.0
QUALITY = 0.70  # share of the teacher's PBM accuracy
NORMAL_JITTER = 0.05 / 0.0444  # the paper's bound divided by its teacher's jitter
PLAIN = ("S0", "S1", "S2", "S3", "S4", "S5")
HYBRID = ("S1+", "S2+", "S3+", "S4+", "S5+")
DISTILLED = ("MFCC+KD", "HuBERT-CNN+KD", *PLAIN, *HYBRID)
SMALL = ("S1", "S1+", "S2", "S2+", "S5", "S5+")


def _compare(row: str, other: str) -> Callable[[Measured], Verdict]:
    """Return a check that a row's PBM accuracy is higher than another's."""

    def check(m: Measured) -> Verdict:
        a, b = m.pbm(row), m.pbm(other)
        figures = f"PBM {row} {a:.1f}, {other} {b:.1f}; {_false_closure(m, row, other)}"
        return a > b, figures

    return check


def _false_closure(m: Measured, *rows: str) -> str:
    each = ", ".join(f"{row} {100 * m.figure(row, 'own_false_closure'):.1f}" for row in rows)
    return f"false closure {each}"


def _under(
    name: str, bound: float, unit: str, rows: Sequence[str]
) -> Callable[[Measured], Verdict]:
    """Return a check that all rows cost less than a bound."""

    def check(m: Measured) -> Verdict:
        costs = {row: m.cost(row, name) for row in m.measured_rows(rows)}
        listed = ", ".join(f"{row} {cost:.3g}" for row, cost in costs.items())
        return max(costs.values()) < bound, f"{listed} {unit}"

    return check


def _small(m: Measured) -> Verdict:
    rows = ("S0", "S1", "S2")
    sizes = [m.cost(row, "parameters") / 1e6 for row in rows]
    listed = ", ".join(f"{row} {size:.2f} M" for row, size in zip(rows, sizes, strict=True))
    return max(
        sizes
    ) < 0.01 * 967, f"{listed} parameters; the paper's teacher 967 M, our rules have none"


def _latency(m: Measured) -> Verdict:
    rows = m.measured_rows(("S3", "S3+", "S4", "S4+", "S4+ smooth", "S5", "S5+", "S5+ smooth"))
    total = {row: m.cost(row, "lookahead_ms") + m.cost(row, "ms_a_frame") for row in rows}
    listed = ", ".join(f"{row} {ms:.0f}" for row, ms in total.items())
    return max(total.values()) < LATENCY_MS, f"{listed} ms"


def _small_and_quick(m: Measured) -> Verdict:
    rows = m.measured_rows(("S5", "S5+"))
    memory = [m.cost(row, "paper_memory_mib") for row in rows]
    delay = [m.cost(row, "lookahead_ms") + m.cost(row, "ms_a_frame") for row in rows]
    holds = max(memory) < MEMORY_MIB and max(delay) < LATENCY_MS
    return holds, f"{max(memory):.2f} MiB, {max(delay):.0f} ms"


def _mfcc_size(m: Measured) -> Verdict:
    a, b = m.cost("MFCC+KD", "parameters") / 1e6, m.cost("S0", "parameters") / 1e6
    holds = 0.5 < a / b < 2 and m.pbm("MFCC+KD") < m.pbm("S0") and _higher_mse(m, "MFCC+KD", "S0")
    return holds, (
        f"{a:.2f} and {b:.2f} M parameters; PBM {m.pbm('MFCC+KD'):.1f} and {m.pbm('S0'):.1f}; "
        f"MSE {m.figure('MFCC+KD', 'mse'):.5f} and {m.figure('S0', 'mse'):.5f}"
    )


def _higher_mse(m: Measured, row: str, other: str) -> bool:
    return m.figure(row, "mse") > m.figure(other, "mse")


def _harder(m: Measured) -> Verdict:
    rows = m.measured_rows(DISTILLED)
    pbm = sum(m.pbm(row, OTHER) < m.pbm(row) for row in rows)
    mse = sum(m.figure(row, "mse", OTHER) > m.figure(row, "mse") for row in rows)
    listed = f"PBM lower on other in {pbm} of {len(rows)} rows, MSE higher in {mse}"
    return pbm == mse == len(rows), listed


def _mse_is_not_pbm(m: Measured) -> Verdict:
    rows = m.measured_rows((*PLAIN, *HYBRID))
    pairs = [
        (abs(m.pbm(a) - m.pbm(b)), a, b)
        for a in rows
        for b in rows
        if a < b and abs(m.figure(a, "mse") / m.figure(b, "mse") - 1) < 0.05
    ]
    if not pairs:
        return False, "no two rows differ by less than 5 % in MSE"
    gap, a, b = max(pairs)
    return gap >= 5, f"{a} and {b} differ by less than 5 % in MSE and by {gap:.1f} points in PBM"


def _bar(m: Measured) -> Verdict:
    rows = m.measured_rows(DISTILLED)
    share = {row: m.pbm(row) / m.pbm(TEACHER) for row in rows}
    lowest = min(share, key=lambda row: share[row])
    return min(share.values()) >= QUALITY, f"lowest: {lowest} {100 * share[lowest]:.1f} %"


def _bar_other(m: Measured) -> Verdict:
    rows = m.measured_rows(DISTILLED)
    share = {row: m.pbm(row, OTHER) / m.pbm(TEACHER, OTHER) for row in rows}
    low = [f"{row} {100 * s:.1f} %" for row, s in share.items() if s < QUALITY]
    return bool(low), f"below 70 %: {', '.join(low) or 'none'}"


def _as_teacher(m: Measured) -> Verdict:
    a, b = m.pbm("S0"), m.pbm(TEACHER)
    return (
        a / b >= 0.97,
        f"S0 {a:.1f}, teacher {b:.1f}: {100 * a / b:.1f} %; {_false_closure(m, 'S0', 'T')}",
    )


def _hubert(m: Measured) -> Verdict:
    a, b = m.pbm("HuBERT-CNN+KD"), m.pbm("S0")
    memory = m.cost("HuBERT-CNN+KD", "paper_memory_mib") / m.cost("S0", "paper_memory_mib")
    holds = 0 <= b - a <= 6 and memory > 2
    return holds, f"PBM {a:.1f} and {b:.1f}; {memory:.1f} times the memory"


def _channels(m: Measured) -> Verdict:
    a, b, c = (m.pbm(row) for row in ("S0", "S1", "S2"))
    holds = a > b > c and a - b < b - c
    return holds, f"PBM S0 {a:.1f}, S1 {b:.1f}, S2 {c:.1f}; {_false_closure(m, 'S0', 'S1', 'S2')}"


def _hybrid_small(m: Measured) -> Verdict:
    one, two = m.pbm("S1+") - m.pbm("S1"), m.pbm("S2+") - m.pbm("S2")
    holds = one > 0 and two > 0 and two > one
    return (
        holds,
        f"S1 {one:+.1f}, S2 {two:+.1f} points; {_false_closure(m, 'S1', 'S1+', 'S2', 'S2+')}",
    )


def _future(m: Measured) -> Verdict:
    a, b, c = (m.pbm(row) for row in ("S0", "S3", "S4"))
    holds = 0 <= a - b < b - c and c < m.pbm("S1")
    return holds, f"PBM S0 {a:.1f}, S3 {b:.1f}, S4 {c:.1f}, S1 {m.pbm('S1'):.1f}"


def _hybrid_quick(m: Measured) -> Verdict:
    three, four = m.pbm("S3+") - m.pbm("S3"), m.pbm("S4+") - m.pbm("S4")
    holds = three >= 0 and four > 0
    return (
        holds,
        f"S3 {three:+.1f}, S4 {four:+.1f} points; {_false_closure(m, 'S3', 'S3+', 'S4', 'S4+')}",
    )


def _jitter_normal(m: Measured) -> Verdict:
    rows = m.measured_rows(("S0", "S1", "S1+", "S2", "S2+", "S3", "S3+", "S4", "S5"))
    ratio = {row: m.jitter(row) for row in rows}
    high = [f"{row} {r:.2f}" for row, r in ratio.items() if r > NORMAL_JITTER]
    lowest, highest = min(ratio.values()), max(ratio.values())
    return (
        not high,
        f"{lowest:.2f} to {highest:.2f} times the teacher's; above 1.13: {_or_none(high)}",
    )


def _or_none(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _jitter_hybrid(m: Measured) -> Verdict:
    ratios = {row: m.jitter(row) for row in ("S4", "S4+", "S5", "S5+")}
    holds = all(ratios[f"{row}+"] > max(ratios[row], NORMAL_JITTER) for row in ("S4", "S5"))
    return holds, ", ".join(f"{row} {ratio:.2f}" for row, ratio in ratios.items())


def _smoothing(m: Measured) -> Verdict:
    holds, listed = True, []
    for row in m.measured_rows(("S4+", "S5+")):
        smooth = f"{row} smooth"
        pbm, jitter = m.pbm(smooth) - m.pbm(row), m.jitter(smooth) / m.jitter(row)
        mse = m.figure(smooth, "mse") / m.figure(row, "mse")
        holds = holds and pbm < 0 and mse > 1 and jitter < 1
        listed.append(f"{row}: PBM {pbm:+.1f} points, MSE × {mse:.2f}, jitter × {jitter:.2f}")
    return holds, "; ".join(listed)


def _small_loss(m: Measured) -> Verdict:
    memory = m.cost("S5+", "paper_memory_mib") / m.cost("S4+", "paper_memory_mib")
    loss = m.pbm("S4+") - m.pbm("S5+")
    return memory < 0.45 and loss <= 6, f"{100 * memory:.0f} % of the memory, {loss:+.1f} points"


def _silence(m: Measured) -> Verdict:
    rows = m.measured_rows(DISTILLED)
    share = {row: 100 * m.cost(row, "open_silence") for row in rows}
    others = [value for row, value in share.items() if row != "MFCC+KD"]
    listed = ", ".join(f"{row} {value:.0f}" for row, value in share.items() if value)
    if "MFCC+KD" not in share or not others:
        raise NotMeasured("MFCC+KD and another row")
    return share["MFCC+KD"] > max(others), f"open lips in silence, %: {listed or 'none'}"


def _downsampled(m: Measured) -> Verdict:
    loss = {
        row: m.pbm(row) - m.pbm(row, degradation="8 kHz")
        for row in m.measured_rows(("MFCC+KD", "S0", "S1+"))
    }
    listed = ", ".join(f"{row} {-points:+.1f}" for row, points in loss.items())
    if "MFCC+KD" not in loss or len(loss) < 2:
        raise NotMeasured("MFCC+KD and S0")
    holds = loss["MFCC+KD"] > max(v for row, v in loss.items() if row != "MFCC+KD")
    return holds, f"PBM at 8 kHz: {listed} points"


def _languages(m: Measured) -> Verdict:
    rows = m.measured_rows(("S0", "S1+", "S3+", "S5+"))
    share = {row: m.pbm(row, LANGUAGES) / m.pbm(TEACHER, LANGUAGES) for row in rows}
    listed = ", ".join(f"{row} {100 * each:.1f}" for row, each in share.items())
    return min(share.values()) >= QUALITY, f"% of the teacher's PBM: {listed}"


def _velocity(m: Measured) -> Verdict:
    without = "S0 without velocity loss"
    pbm, jitter = m.pbm(without) - m.pbm("S0"), m.jitter(without) / m.jitter("S0")
    return pbm > 0 and jitter > 1, f"without it PBM {pbm:+.1f} points, jitter × {jitter:.2f}"


def _window(m: Measured) -> Verdict:
    whole, part = m.pbm("T2"), m.pbm("T2 512 ms")
    holds = 0 <= whole - part <= 5
    return holds, f"PBM {whole:.1f} and {part:.1f}; {_false_closure(m, 'T2', 'T2 512 ms')}"


CLAIMS = (
    Claim("4.3.1", "students are far smaller than the teacher", _small),
    Claim(
        "4.3.1", "a frame takes less than 33 ms", _under("ms_a_frame", FRAME_MS, "ms", DISTILLED)
    ),
    Claim("4.3.1", "S3, S4, S5 and their variants stay under 140 ms", _latency),
    Claim(
        "4.3.1",
        "S1, S2 and S5 need under 8 MB",
        _under("paper_memory_mib", MEMORY_MIB, "MiB", SMALL),
    ),
    Claim("4.3.1", "S5 and S5+ meet both bounds", _small_and_quick),
    Claim("4.3.2", "harder speech: lower PBM, higher MSE", _harder),
    Claim("4.3.2", "a similar MSE does not mean a similar PBM", _mse_is_not_pbm),
    Claim("4.3.2", "distilled students reach 70 % of the teacher's PBM on clean speech", _bar),
    Claim("4.3.2", "on noisy speech some fall below 70 %", _bar_other),
    Claim("4.3.2", "KD makes the MFCC model much better", _compare("MFCC+KD", "MFCC")),
    Claim(
        "4.3.2",
        "KD makes the HuBERT-CNN model much better",
        _compare("HuBERT-CNN+KD", "HuBERT-CNN"),
    ),
    Claim("4.3.2", "S0 is as good as the teacher (97.5 % of its PBM on test-clean)", _as_teacher),
    Claim("4.3.2", "MFCC+KD has S0's size and is worse", _mfcc_size),
    Claim("4.3.2", "HuBERT-CNN+KD is nearly as good as S0, with over twice the memory", _hubert),
    Claim("4.3.2", "S1 is slightly worse than S0, S2 considerably", _channels),
    Claim("4.3.2", "hybrid KD improves S1 and S2, S2 the most", _hybrid_small),
    Claim("4.3.2", "a look-ahead of 128 ms costs little PBM, 64 ms much", _future),
    Claim("4.3.2", "hybrid KD improves S3 and S4", _hybrid_quick),
    Claim("4.3.2", "jitter is normal, except for S4+ and S5+", _jitter_normal),
    Claim(
        "4.3.2", "S4+ and S5+ have more jitter than S4 and S5, and more than normal", _jitter_hybrid
    ),
    Claim("4.3.2", "smoothing: lower PBM, higher MSE, less jitter", _smoothing),
    Claim("4.3.2", "S5+ needs 38 % of S4+'s memory and loses 6 % or less", _small_loss),
    Claim("4.4.2", "the MFCC model opens the mouth most often in silence", _silence),
    Claim("4.4.4", "downsampled sound makes the MFCC model worse, not the others", _downsampled),
    Claim("4.4.4", "students generalise to languages that they were not trained on", _languages),
    Claim(
        "4.6.1",
        "a teacher with 512 ms of sound closes the lips nearly as often (89.0 against 93.1)",
        _window,
    ),
    Claim("4.6.2", "without velocity loss: higher PBM, more jitter", _velocity),
    Claim("4.6.3", "without fine-tuning: lower PBM", _compare("S0", "S0 without fine-tuning")),
)
"""All claims but those of § 4.5, which need ratings by people: see `marotte rate`."""
