"""What happens to a shoot, told to every tab that listens."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from keepers.types import Json

Event = tuple[str, Json]
"""Its name and its data."""

PING_S = 15.0
LISTENERS = 6
"""Each holds a thread of the server. One more ends the oldest, which is most likely a tab that was closed."""
_BACKLOG = 1000


class Listener:
    """One tab; iterate over it for events, and None where there was none for a while."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._ended = threading.Event()

    def tell(self, event: Event) -> None:
        """Queue an event; a tab that does not listen any more is let go."""
        if self._events.qsize() >= _BACKLOG:
            self.end()
        else:
            self._events.put(event)

    def end(self) -> None:
        """Close the stream."""
        self._ended.set()
        self._events.put(None)

    def __iter__(self) -> Iterator[Event | None]:
        while not self._ended.is_set():
            try:
                event = self._events.get(timeout=PING_S)
            except queue.Empty:
                yield None
                continue
            if event is not None:
                yield event


class Listeners:
    """All tabs of a server, at most `LISTENERS`. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[tuple[str, Listener]] = []

    def add(self, shoot: str, first: Event) -> Listener:
        """A new listener to a shoot, which hears `first` first."""
        listener = Listener()
        listener.tell(first)
        with self._lock:
            self._all.append((shoot, listener))
            old = self._all[:-LISTENERS]
            self._all = self._all[-LISTENERS:]
        for _, one in old:
            one.end()
        return listener

    def remove(self, listener: Listener) -> None:
        """A tab that has gone."""
        with self._lock:
            self._all = [(shoot, one) for shoot, one in self._all if one is not listener]

    def tell(self, shoot: str, event: Event) -> None:
        """Tell everybody who listens to a shoot."""
        with self._lock:
            those = [one for name, one in self._all if name == shoot]
        for one in those:
            one.tell(event)

    def end(self) -> None:
        """Close all streams."""
        with self._lock:
            those, self._all = [one for _, one in self._all], []
        for one in those:
            one.end()
