"""What can end a run, and with which exit status."""


class Stop(Exception):  # noqa: N818
    """Ends the run with `status` and one line for the user."""

    status = 1


class Refused(Stop):
    """The server does not let us in (wrong secret, missing scope or channel)."""

    status = 2


class Unreachable(Stop):
    """The network or the server is down; run again later, nothing is lost."""

    status = 3


class NotEqual(Stop):
    """What came does not match its SHA-256, signature or the channel's digest, or has an unsafe name."""

    status = 4


class Damaged(Stop):
    """What we noted of a folder cannot be read any more."""

    status = 4


class Revoked(Stop):
    """The channel was taken from us; the copy has been deleted."""

    status = 5


class CursorExpired(Exception):  # noqa: N818
    """HTTP 410: start again without a cursor. Handled inside."""


class Gone(Exception):  # noqa: N818
    """HTTP 410 for media: it was taken away between the page and the download. Handled inside."""
