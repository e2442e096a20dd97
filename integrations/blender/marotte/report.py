"""What was keyed in; sentences for the status bar and the panel out."""

from collections.abc import Sequence

from .keying import Keyed

MAX_NAMES = 12  # in one sentence
last: list[str] = []  # the lines that the panel shows


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def summarise(keyed: Sequence[Keyed], notes: Sequence[str] = ()) -> tuple[bool, str]:
    """Remember a report for the panel; return whether something is missing, and one sentence."""
    lines = []
    for each in keyed:
        n_curves = len({curve for sides in each.match.drives.values() for curve in sides})
        n_keys = len(each.match.drives) - len(each.driven)
        lines.append(f"{each.mesh}: {n_curves} curves on {n_keys} shape keys")
        if each.moving:
            lines.append(f"Without a shape key: {_names(each.moving)}")
        n_at_rest = len(each.match.unmatched) - len(each.moving)
        if n_at_rest:
            lines.append(f"{n_at_rest} more have no shape key, but do not move")
        if each.driven:
            lines.append(f"Moved by drivers, so not keyed: {_names(each.driven)}")
        if each.match.idle:
            lines.append(f"Shape keys without a curve: {_names(each.match.idle)}")
        if each.kept:
            lines.append(f"The action {each.kept} was kept")
        lines += [fault[0].upper() + fault[1:] for fault in each.match.faults]
    lines += notes
    last[:] = lines
    first = keyed[0]
    missing = any(each.driven or each.match.faults for each in keyed) or bool(first.moving)
    text = lines[0]
    if first.moving:
        text += f"; without a shape key: {_names(first.moving)}"
    if first.driven:
        text += f"; moved by drivers: {_names(first.driven)}"
    if first.match.faults:
        text += f"; {first.match.faults[0]}"
    return missing, "; ".join([text, *notes])
