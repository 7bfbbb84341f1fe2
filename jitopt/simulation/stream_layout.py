"""From the tables of a value stream to the memory a plant is held in while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt.simulation.stream_clocks import add_calendars, add_repeats
from jitopt.simulation.stream_loops import (
    add_controls,
    add_customers,
    add_links,
    add_loops,
    add_rings,
    add_suppliers,
    mark_plain,
)
from jitopt.simulation.stream_memory import Memory
from jitopt.simulation.stream_network import Network
from jitopt.simulation.stream_stations import add_operations, add_stations

if TYPE_CHECKING:
    from jitopt.simulation.stream import ValueStream

__all__ = ["Layout"]


class Layout(Memory):
    """A stream as the memory that every replication starts from.

    first: (row, source or -1, time) of the first events; with a source its first number is added to the
    time. lives: (server, source or -1, mean) of the first breakdowns. closed: customers who do not order from
    the start on. margin: unused rows there must be when an event begins. network: stocks and flows
    between the loops. loops, operations, stations, customers, controls: rows in the order of the tables.
    servers: of each station. steps: operations of each loop, in order. at_station: operations of each
    station. trucks: of each supplier.
    """

    def __init__(self, stream: ValueStream) -> None:
        super().__init__()
        self.stream = stream
        self.network: Network = Network(stream)
        self.first: list[tuple[int, int, float]] = []
        self.lives: list[tuple[int, int, float]] = []
        self.closed: set[int] = set()
        self.operations: list[int] = []
        self.steps: dict[str, list[int]] = {}
        self.at_station: dict[str, list[int]] = {}
        self.stations: list[int] = []
        self.servers: dict[str, list[int]] = {}
        self.customers: list[int] = []
        self.trucks: dict[str, int] = {}
        self.controls: list[int] = []
        self.add_row(f.HEAD)
        self.loops: list[int] = [self.add_row(f.LOOP_ROW) for _ in stream.loops.loop]
        add_operations(self)
        add_stations(self)
        add_customers(self)
        add_calendars(self)
        add_suppliers(self)
        add_loops(self)
        add_repeats(self)
        add_controls(self)
        add_links(self)
        mark_plain(self)
        add_rings(self)
        self.margin: int = 64 + len(self.n)
