"""The memory a plant is held in while it runs, and what stands where.

Everything is a row of two tables, `n` of whole numbers and `x` of numbers: the head (row 0), loops,
operations, stations, servers, customers, suppliers, switches, sources of random numbers, and
whatever comes and goes (containers, orders that wait, cards on their way). The columns are named below: n[loop, LEVEL].
Beside them stand `m` and `y`, of equal length: lists of rows, from one address to another, with a
number to each entry; the calendar; bars of distributions; numbers drawn ahead. What is used most
stands first in a row, so that it shares a line of the cache. Stock is counted in grains: the
largest part of a unit of which every quantity is a multiple.
"""

from __future__ import annotations

# Every row.
KIND = 0
PLACE = 1  # in the calendar, -1 where no event is due
ORDER = 2  # of events at the same time
NEXT = 3  # in a list of rows, -1 at its end

# The head.
HEAP = 4  # rows with an event, and when it is due
DUE_EVENTS = 5  # their number
SPARE = 6  # first unused row
SPARES = 7  # unused rows
SEQUENCE = 8
HUNGRY = 9  # 1: a source of numbers runs low, 2: one ran dry, or the unused rows did
TODO = 10  # ring of loops to try
TODO_END = 11
TODO_FIRST = 12
TODO_LAST = 13
FEED = 14  # ring of stations to look at
FEED_END = 15
FEED_FIRST = 16
FEED_LAST = 17
TRACED = 18
TRACE_END = 19
EVENTS = 20
HOLE = 21  # the event dealt with is still at the top of the calendar
PLAN_FIRST = 22  # loops from the customers back
PLAN_LAST = 23
START = 0  # when the counts began
CLOCK = 1  # time of the last event

# A source of random numbers.
NEXT_NUMBER = 4
LOW = 5  # from here on it asks for more
NUMBERS_END = 6

# A loop.
LEVEL = 4  # stock in its supermarket [grains]
SIZE = 5  # a full container [grains]
SHELF = 6  # positions taken [containers]
AUTHORISED = 7  # containers that may be released
WIP = 8  # containers under way
LISTED = 9  # it is on the list of loops to try
FIRST_OPERATION = 10
INPUTS = 11
INPUTS_END = 12
USERS = 13
USERS_END = 14
USED = 15  # of the opened container [grains]
WAITING = 16  # first order that waits
WAITING_LAST = 17
CARDED = 18  # its cards authorise
OPEN = 19  # needs no authorisation
MISSED = 20  # row of the supermarket it waits for, -1 for none
LOT = 21
BOARD = 22
COLLECTED = 23  # cards wait for a collection
POSTED = 24
LOST = 25
MOVING = 26  # cards on their way
ENTRIES = 27  # controls that must have a free card
ENTRIES_END = 28
EXITS = 29  # controls whose cards come free
EXITS_END = 30
SPANS = 31  # controls that a scrapped unit returns to
SPANS_END = 32
OUTPUTS = 33
OUTPUTS_END = 34
FIRST_PIECE = 35
CONVEYANCE_SOURCE = 36
SCRAP_SOURCE = 37
LOST_SOURCE = 38
TRUCK = 39
ON_ORDER = 40
ON_ORDER_LAST = 41
DUE_DELIVERIES = 42  # ring of containers due
STOCK_BARS = 43
STOCK_BARS_COUNT = 44
WIP_BARS = 45
WIP_BARS_COUNT = 46
SINK = 47  # customers take whatever comes
WAITED_SINCE = 48
SUPPLY_ROOM = 49  # released only while the first station has room
GRAINS = 50  # of a unit
PLAIN_CARDS = 51  # a freed card authorises at once
PLAIN_MOVE = 52  # a finished container is in the supermarket at once
ARRIVED = 53  # from here on: counts since the last reset
PRODUCED = 60  # as co-product
CONSUMED = 54
SCRAPPED = 55
WITHDRAWALS = 56
LATE = 57
PEAK = 58
RUINED = 59  # containers that left with nothing good
LOOP_COUNTS = 53

SINCE = 0  # last change of the stock
AREA = 1
WIP_SINCE = 2
WIP_AREA = 3
STAYED = 5  # sum over the containers that have left
CONVEYANCE = 6
DEPARTURE = 7
CARD_TIME = 8
LOST_SHARE = 9
TARGET = 10
ECHELON = 11
UNIT = 12  # a unit per grain


# An operation.
LOOP = 4
STATION = 5
NEXT_OPERATION = 6
FIRST = 7
LAST = 8
COUNT = 9
FAMILY = 10
TIME_SOURCE = 11
OP_SCRAP_SOURCE = 12
REWORK_SOURCE = 13
STOP_SOURCE = 14
STOP_TIME_SOURCE = 15
PLAIN_WORK = 16  # no stop, no rework, no scrap
SOLE = 17  # the only server of a station that does nothing else, -1 where there is none
MEAN = 0
PRIORITY = 1
REWORK = 2
STOP = 3
STOP_TIME = 4

# A station.
SERVERS = 4
SERVERS_END = 5
OPERATIONS = 6
OPERATIONS_END = 7
QUEUED = 8
BUFFER = 9
RULE = 10
FEEDING = 11
BLOCKED_FIRST = 12
BLOCKED_LAST = 13
SETUPS = 14  # its matrix
FAMILIES = 15
ONLY = 20  # its server where it has one, -1 where it has more
LINE = 16  # servers that stop together
LINE_END = 17
RELEASES = 18  # loops that wait for room in front of it
RELEASES_END = 19

# A server.
AT = 4
STATE = 5
SHUT = 6
DOWN = 7
BROKEN = 8
OPERATION = 9
CONTAINER = 10
SETTING = 11  # family it is set up for
LIFE_SOURCE = 12
REPAIR_SOURCE = 13
BEGUN = 0
LEFT = 1
LIFE = 2
MARK = 3
SPENT = 4  # six columns, by condition
REPAIR = 10
LIFE_MEAN = 11

# A customer.
TAKES = 4
ORDER_SIZE = 5
INTERVAL_SOURCE = 6
SIZE_SOURCE = 7
UNMET_LOST = 8
BACKLOG = 9
DEMANDED = 10  # from here on: counts since the last reset
AT_ONCE = 11
DELIVERED = 12
UNSERVED = 13
ORDERS = 14
ORDERS_AT_ONCE = 15
CUSTOMER_COUNTS = 10
INTERVAL = 0
# LEFT = 1
BACKLOG_SINCE = 2
BACKLOG_AREA = 3
STOCK_OUT = 4
WAITED = 5

# A switch.
PATTERN = 4
PATTERN_LENGTH = 5
POSITION = 6
MEMBERS = 7
MEMBERS_END = 8
CLOSED = 9
COLUMN = 10
UP_SOURCE = 11
DOWN_SOURCE = 12
CYCLE = 0
BASE = 1
UP = 2
DOWN_TIME = 3

# A supplier.
LOADS = 4
LOADS_END = 5
DELAY = 6
TRIP = 7
LATE_SOURCE = 8
EVERY = 0
SCHEDULED = 1

# What is repeated (collections, audits, MRP runs, schedules).
OF = 4
AMOUNT = 5
REPEAT_SOURCE = 6
REPEAT = 0

# A control (CONWIP).
FREE = 4
ENTRY = 5
RETURNED = 0

# A container, an order that waits, cards on their way, a stop of a line.
BAD = 5
STEP = 6
RANK = 7
OWED = 5
BUYER = 6
CARDS = 5
BORN = 0

# Kinds, in the order in which events at the same time happen.
HEAD = 0
MOVE = 1  # a container arrives
CARD_MOVE = 2
TRUCKS = 3
SERVER = 4
STOPPAGE = 5
SWITCH = 6
COLLECTION = 7
AUDIT = 8
MRP = 9
TIMETABLE = 10
CUSTOMER = 11
IDLE_ROW = 12
LOOP_ROW = 13
OPERATION_ROW = 14
STATION_ROW = 15
CONTROL_ROW = 16
ORDER_ROW = 17
SOURCE_ROW = 18

WIDTH = 64
BREADTH = 16
"""Columns of a row, of whole numbers and of numbers."""

# Conditions of a server.
IDLE = 0
SETTING_UP = 1
RUNNING = 2
BLOCKED = 3
STANDING = 4  # broken down, or its line has stopped
SHUT_DOWN = 5  # outside its shifts, planned maintenance

# Rules of a queue.
FIFO = 0
SAME_FAMILY = 1
BY_PRIORITY = 2

# What a run ends with.
REACHED = 0
MORE = 1
HUNGER = 2
CROWDED = 3
DRY = 4
NOTHING_DUE = 5

# What the trace tells; the row beside it.
RELEASE = 1  # loop
START = 2  # operation
SET_UP = 3  # operation
FINISH = 4  # operation
ARRIVAL = 5  # loop
ORDERED = 6  # customer
SERVED = 7  # customer, an order that had waited
BREAKDOWN = 8  # server
REPAIRED = 9  # server
REWORKED = 10  # operation
RUIN = 11  # loop
DELIVERY = 12  # supplier
LINE_STOP = 13  # operation
CLOSE = 14  # switch
OPENED = 15  # switch
BLOCK = 16  # server
