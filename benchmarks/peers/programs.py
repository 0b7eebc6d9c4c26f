"""Find the programs that the peers and the load generator need."""

import os
import shutil


class PeerMissing(Exception):
    """A server's programs are not on this machine."""

    def __init__(self, peer: str, missing: str) -> None:
        self.peer, self.missing = peer, missing
        super().__init__(f"{peer}: {missing} is not installed on this machine")


def require(peer: str, program: str) -> str:
    """Return the path of a program that a server needs, or raise `PeerMissing`."""
    places = (os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/cgi-bin")
    found = shutil.which(program, path=os.pathsep.join(places))
    if found is None:
        raise PeerMissing(peer, program)
    return found
