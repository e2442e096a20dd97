"""The claims of §§ 4.3, 4.4 and 4.6 that can be measured: a function each, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from marotte.learn.reproduce.rows import TEACHER
from marotte.learn.reproduce.tables import LANGUAGES, OTHER
from marotte.learn.reproduce.verdicts import Claim, Measured, NotMeasured, Verdict

LATENCY_MS = 140.0  # the paper's targets, § 4.3
MEMORY_MIB = 8.0
FRAME_MS = 33.0
QUALITY = 0.70  # of the teacher's PBM accuracy
NORMAL_JITTER = 0.05 / 0.0444  # the paper's bound over its teacher's
PLAIN = ("S0", "S1", "S2", "S3", "S4", "S5")
HYBRID = ("S1+", "S2+", "S3+", "S4+", "S5+")
DISTILLED = ("MFCC+KD", "HuBERT-CNN+KD", *PLAIN, *HYBRID)
SMALL = ("S1", "S1+", "S2", "S2+", "S5", "S5+")


def _compare(row: str, than: str) -> Callable[[Measured], Verdict]:
    """Whether a row's PBM accuracy is the higher one."""

    def check(m: Measured) -> Verdict:
        a, b = m.pbm(row), m.pbm(than)
        return a > b, f"PBM {row} {a:.1f}, {than} {b:.1f}; {_false(m, row, than)}"

    return check


def _false(m: Measured, *rows: str) -> str:
    each = ", ".join(f"{row} {100 * m.of(row, 'false_closure'):.1f}" for row in rows)
    return f"false closure {each}"


def _under(
    name: str, bound: float, unit: str, rows: Sequence[str]
) -> Callable[[Measured], Verdict]:
    """Whether all of some rows cost less than a bound."""

    def check(m: Measured) -> Verdict:
        costs = {row: m.cost(row, name) for row in m.there(rows)}
        said = ", ".join(f"{row} {cost:.3g}" for row, cost in costs.items())
        return max(costs.values()) < bound, f"{said} {unit}"

    return check


def _small(m: Measured) -> Verdict:
    rows = ("S0", "S1", "S2")
    sizes = [m.cost(row, "parameters") / 1e6 for row in rows]
    said = ", ".join(f"{row} {size:.2f} M" for row, size in zip(rows, sizes, strict=True))
    return max(sizes) < 0.01 * 967, f"{said} parameters; the paper's teacher 967 M, ours has none"


def _latency(m: Measured) -> Verdict:
    rows = m.there(("S3", "S3+", "S4", "S4+", "S4+ smooth", "S5", "S5+", "S5+ smooth"))
    total = {row: m.cost(row, "lookahead_ms") + m.cost(row, "ms_a_frame") for row in rows}
    said = ", ".join(f"{row} {ms:.0f}" for row, ms in total.items())
    return max(total.values()) < LATENCY_MS, f"{said} ms"


def _small_and_quick(m: Measured) -> Verdict:
    rows = m.there(("S5", "S5+"))
    memory = [m.cost(row, "paper_memory_mib") for row in rows]
    delay = [m.cost(row, "lookahead_ms") + m.cost(row, "ms_a_frame") for row in rows]
    held = max(memory) < MEMORY_MIB and max(delay) < LATENCY_MS
    return held, f"{max(memory):.2f} MiB, {max(delay):.0f} ms"


def _mfcc_size(m: Measured) -> Verdict:
    a, b = m.cost("MFCC+KD", "parameters") / 1e6, m.cost("S0", "parameters") / 1e6
    held = 0.5 < a / b < 2 and m.pbm("MFCC+KD") < m.pbm("S0") and _worse_mse(m, "MFCC+KD", "S0")
    return held, (
        f"{a:.2f} and {b:.2f} M parameters; PBM {m.pbm('MFCC+KD'):.1f} and {m.pbm('S0'):.1f}; "
        f"MSE {m.of('MFCC+KD', 'mse'):.5f} and {m.of('S0', 'mse'):.5f}"
    )


def _worse_mse(m: Measured, row: str, than: str) -> bool:
    return m.of(row, "mse") > m.of(than, "mse")


def _harder(m: Measured) -> Verdict:
    rows = m.there(DISTILLED)
    pbm = sum(m.pbm(row, OTHER) < m.pbm(row) for row in rows)
    mse = sum(m.of(row, "mse", OTHER) > m.of(row, "mse") for row in rows)
    said = f"PBM lower on other in {pbm} of {len(rows)} rows, MSE higher in {mse}"
    return pbm == mse == len(rows), said


def _mse_is_not_pbm(m: Measured) -> Verdict:
    rows = m.there((*PLAIN, *HYBRID))
    pairs = [
        (abs(m.pbm(a) - m.pbm(b)), a, b)
        for a in rows
        for b in rows
        if a < b and abs(m.of(a, "mse") / m.of(b, "mse") - 1) < 0.05
    ]
    if not pairs:
        return False, "no two rows have an MSE within 5 % of each other"
    gap, a, b = max(pairs)
    return gap >= 5, f"{a} and {b}: MSE within 5 %, PBM {gap:.1f} points apart"


def _bar(m: Measured) -> Verdict:
    rows = m.there(DISTILLED)
    share = {row: m.pbm(row) / m.pbm(TEACHER) for row in rows}
    least = min(share, key=lambda row: share[row])
    return min(share.values()) >= QUALITY, f"least: {least} {100 * share[least]:.1f} %"


def _bar_other(m: Measured) -> Verdict:
    rows = m.there(DISTILLED)
    share = {row: m.pbm(row, OTHER) / m.pbm(TEACHER, OTHER) for row in rows}
    low = [f"{row} {100 * s:.1f} %" for row, s in share.items() if s < QUALITY]
    return bool(low), f"below 70 %: {', '.join(low) or 'none'}"


def _as_teacher(m: Measured) -> Verdict:
    a, b = m.pbm("S0"), m.pbm(TEACHER)
    return (
        a / b >= 0.97,
        f"S0 {a:.1f}, teacher {b:.1f}: {100 * a / b:.1f} %; {_false(m, 'S0', 'T')}",
    )


def _hubert(m: Measured) -> Verdict:
    a, b = m.pbm("HuBERT-CNN+KD"), m.pbm("S0")
    memory = m.cost("HuBERT-CNN+KD", "paper_memory_mib") / m.cost("S0", "paper_memory_mib")
    held = 0 <= b - a <= 6 and memory > 2
    return held, f"PBM {a:.1f} and {b:.1f}; {memory:.1f} times the memory"


def _channels(m: Measured) -> Verdict:
    a, b, c = (m.pbm(row) for row in ("S0", "S1", "S2"))
    held = a > b > c and a - b < b - c
    return held, f"PBM S0 {a:.1f}, S1 {b:.1f}, S2 {c:.1f}; {_false(m, 'S0', 'S1', 'S2')}"


def _hybrid_small(m: Measured) -> Verdict:
    one, two = m.pbm("S1+") - m.pbm("S1"), m.pbm("S2+") - m.pbm("S2")
    held = one > 0 and two > 0 and two > one
    return held, f"S1 {one:+.1f}, S2 {two:+.1f} points; {_false(m, 'S1', 'S1+', 'S2', 'S2+')}"


def _future(m: Measured) -> Verdict:
    a, b, c = (m.pbm(row) for row in ("S0", "S3", "S4"))
    held = 0 <= a - b < b - c and c < m.pbm("S1")
    return held, f"PBM S0 {a:.1f}, S3 {b:.1f}, S4 {c:.1f}, S1 {m.pbm('S1'):.1f}"


def _hybrid_quick(m: Measured) -> Verdict:
    three, four = m.pbm("S3+") - m.pbm("S3"), m.pbm("S4+") - m.pbm("S4")
    held = three >= 0 and four > 0
    return held, f"S3 {three:+.1f}, S4 {four:+.1f} points; {_false(m, 'S3', 'S3+', 'S4', 'S4+')}"


def _jitter_normal(m: Measured) -> Verdict:
    rows = m.there(("S0", "S1", "S1+", "S2", "S2+", "S3", "S3+", "S4", "S5"))
    ratio = {row: m.jitter(row) for row in rows}
    high = [f"{row} {r:.2f}" for row, r in ratio.items() if r > NORMAL_JITTER]
    least, most = min(ratio.values()), max(ratio.values())
    return not high, f"{least:.2f} to {most:.2f} of the teacher's; above 1.13: {_or_none(high)}"


def _or_none(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _jitter_hybrid(m: Measured) -> Verdict:
    ratios = {row: m.jitter(row) for row in ("S4", "S4+", "S5", "S5+")}
    held = all(ratios[f"{row}+"] > max(ratios[row], NORMAL_JITTER) for row in ("S4", "S5"))
    return held, ", ".join(f"{row} {ratio:.2f}" for row, ratio in ratios.items())


def _smoothing(m: Measured) -> Verdict:
    held, said = True, []
    for row in m.there(("S4+", "S5+")):
        smooth = f"{row} smooth"
        pbm, jitter = m.pbm(smooth) - m.pbm(row), m.jitter(smooth) / m.jitter(row)
        mse = m.of(smooth, "mse") / m.of(row, "mse")
        held = held and pbm < 0 and mse > 1 and jitter < 1
        said.append(f"{row}: PBM {pbm:+.1f} points, MSE × {mse:.2f}, jitter × {jitter:.2f}")
    return held, "; ".join(said)


def _small_loss(m: Measured) -> Verdict:
    memory = m.cost("S5+", "paper_memory_mib") / m.cost("S4+", "paper_memory_mib")
    loss = m.pbm("S4+") - m.pbm("S5+")
    return memory < 0.45 and loss <= 6, f"{100 * memory:.0f} % of the memory, {loss:+.1f} points"


def _silence(m: Measured) -> Verdict:
    rows = m.there(DISTILLED)
    share = {row: 100 * m.cost(row, "open_silence") for row in rows}
    others = [value for row, value in share.items() if row != "MFCC+KD"]
    said = ", ".join(f"{row} {value:.0f}" for row, value in share.items() if value)
    if "MFCC+KD" not in share or not others:
        raise NotMeasured("MFCC+KD and another row")
    return share["MFCC+KD"] > max(others), f"open in silence, %: {said or 'no row at all'}"


def _downsampled(m: Measured) -> Verdict:
    loss = {
        row: m.pbm(row) - m.pbm(row, heard="8 kHz") for row in m.there(("MFCC+KD", "S0", "S1+"))
    }
    said = ", ".join(f"{row} {-points:+.1f}" for row, points in loss.items())
    if "MFCC+KD" not in loss or len(loss) < 2:
        raise NotMeasured("MFCC+KD and S0")
    held = loss["MFCC+KD"] > max(v for row, v in loss.items() if row != "MFCC+KD")
    return held, f"PBM at 8 kHz: {said} points"


def _languages(m: Measured) -> Verdict:
    rows = m.there(("S0", "S1+", "S3+", "S5+"))
    share = {row: m.pbm(row, LANGUAGES) / m.pbm(TEACHER, LANGUAGES) for row in rows}
    said = ", ".join(f"{row} {100 * each:.1f}" for row, each in share.items())
    return min(share.values()) >= QUALITY, f"% of the teacher's PBM: {said}"


def _velocity(m: Measured) -> Verdict:
    without = "S0 without velocity loss"
    pbm, jitter = m.pbm(without) - m.pbm("S0"), m.jitter(without) / m.jitter("S0")
    return pbm > 0 and jitter > 1, f"without it PBM {pbm:+.1f} points, jitter × {jitter:.2f}"


def _window(m: Measured) -> Verdict:
    whole, part = m.pbm("T2"), m.pbm("T2 512 ms")
    held = 0 <= whole - part <= 5
    return held, f"PBM {whole:.1f} and {part:.1f}; {_false(m, 'T2', 'T2 512 ms')}"


CLAIMS = (
    Claim("4.3.1", "students are far smaller than the teacher", _small),
    Claim(
        "4.3.1", "a frame takes less than 33 ms", _under("ms_a_frame", FRAME_MS, "ms", DISTILLED)
    ),
    Claim("4.3.1", "S3, S4, S5 and their kin stay under 140 ms", _latency),
    Claim(
        "4.3.1",
        "S1, S2 and S5 need under 8 MB",
        _under("paper_memory_mib", MEMORY_MIB, "MiB", SMALL),
    ),
    Claim("4.3.1", "S5 and S5+ meet both bounds", _small_and_quick),
    Claim("4.3.2", "harder speech: lower PBM, higher MSE", _harder),
    Claim("4.3.2", "a like MSE does not mean a like PBM", _mse_is_not_pbm),
    Claim("4.3.2", "distilled students reach 70 % of the teacher's PBM on clean speech", _bar),
    Claim("4.3.2", "on noisy speech some fall below that", _bar_other),
    Claim("4.3.2", "KD makes the MFCC model much better", _compare("MFCC+KD", "MFCC")),
    Claim(
        "4.3.2",
        "KD makes the HuBERT-CNN model much better",
        _compare("HuBERT-CNN+KD", "HuBERT-CNN"),
    ),
    Claim("4.3.2", "S0 is as good as the teacher (97.5 % of its PBM on test-clean)", _as_teacher),
    Claim("4.3.2", "MFCC+KD is of S0's size, and worse", _mfcc_size),
    Claim("4.3.2", "HuBERT-CNN+KD is nearly S0, with over twice the memory", _hubert),
    Claim("4.3.2", "S1 is slightly worse than S0, S2 considerably", _channels),
    Claim("4.3.2", "hybrid KD lifts S1 and S2, S2 the most", _hybrid_small),
    Claim("4.3.2", "128 ms of future cost little, 64 ms much", _future),
    Claim("4.3.2", "hybrid KD lifts S3 and S4", _hybrid_quick),
    Claim("4.3.2", "jitter is normal but for S4+ and S5+", _jitter_normal),
    Claim("4.3.2", "S4+ and S5+ tremble more than S4 and S5, and than is normal", _jitter_hybrid),
    Claim("4.3.2", "smoothing: lower PBM, higher MSE, less jitter", _smoothing),
    Claim("4.3.2", "S5+ needs 38 % of S4+'s memory and loses 6 % or less", _small_loss),
    Claim("4.4.2", "the MFCC model is worst in silence", _silence),
    Claim("4.4.4", "downsampled sound harms the MFCC model, not the others", _downsampled),
    Claim("4.4.4", "students generalise to languages they never heard", _languages),
    Claim("4.6.1", "a teacher that hears 512 ms closes nearly as well (89.0 of 93.1)", _window),
    Claim("4.6.2", "without velocity loss: higher PBM, more jitter", _velocity),
    Claim("4.6.3", "without fine-tuning PBM drops", _compare("S0", "S0 without fine-tuning")),
)
"""§ 4.5 needs people: `marotte rate`."""
