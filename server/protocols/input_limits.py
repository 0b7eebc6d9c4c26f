"""What a client may say at most, in one place, each bound with its reason; all protocols look here.

What a picture may cost (pixels, memory, rasters) is no matter of words: the plan and the price decide
that, and heads, bodies and connections are bounded before (`config.settings.LimitSettings`).
"""

from __future__ import annotations

# Requests.

# An operation knows some thirty; each costs a dict entry and a log field before anything is parsed.
MAX_PARAMETERS = 500
# One field of a multipart form: a JSON text as long as may be (MAX_JSON_CHARACTERS) in UTF-8 with its head.
MAX_PART_BYTES = 1_100_000
# A name in JavaScript; longer ones are no library's.
MAX_CALLBACK = 128

# Numbers and lists.

# Beyond it floats, which JSON has, no longer tell neighbours apart.
MAX_INTEGER = 2**53
# An OBJECTID is no larger in any catalog.
MAX_ID = 10**15
# Ids of a selection in the desktop client; a list as long takes 10 ms to check.
MAX_LIST = 100_000
# Twice what is the most in one hyperspectral image that is delivered.
MAX_BAND_IDS = 256
# As many as bands that are served.
MAX_NO_DATA = 4096

# JSON.

# A polygon of 50,000 vertices with all its digits.
MAX_JSON_CHARACTERS = 1_000_000
# The tolerant reader is Python: a megabyte would hold the event loop for a second. Clients that write
# sloppily write points, rules and boxes; what writes large polygons has a JSON library.
MAX_SLOPPY_CHARACTERS = 20_000
# Each level of a reader that calls itself takes a frame of Python.
MAX_JSON_DEPTH = 128

# Places.

# Definitions of compound systems with all their notes are a quarter of it; PROJ's time grows with the text.
MAX_WKT = 16_000
# A coastline as generalised as maps show it; what is asked of shapes is linear in it.
MAX_VERTICES = 50_000
MAX_RINGS = 1_000
# Making a polygon valid takes the cube of its crossings.
MAX_CROSSINGS = 300
# Each may be a line of sight that is followed over terrain.
MAX_POSITIONS = 10_000
# Areas of a volume: each reads its own pixels.
MAX_AREAS = 100
# Of a solution from several images: each is a line of the equations.
MAX_IMAGES = 32

# Metres above or below a model of heights; no mountain is as high.
MAX_OFFSET_M = 100_000
# The limit of real servers; more is refused before anything is planned.
MAX_SAMPLES = 1000
MAX_SAMPLE_FIELDS = 1000
# Rasters under one point that are told of, and features of a WMS request.
MAX_IDENTIFIED = 1000
MAX_FEATURES = 1000

# Conditions and catalog questions.

# Texts of tools that write an OR for each selected row; the engine bounds what they are compiled to.
MAX_WHERE = 10_000
MAX_STATISTICS = 50
MAX_STATISTIC_NAME = 128
# Fields of a table: no catalog has more.
MAX_QUERY_FIELDS = 500
# Slices of dimensions that are asked for by name.
MAX_DIMENSIONS = 1000
MAX_DIMENSION_NAME = 200

# Rendering rules.

# Functions inside functions: rules that people made are some ten deep.
MAX_RULE_DEPTH = 32
# With what templates bring, which may lie in each other.
MAX_RULE_DEPTH_IN_ALL = 96
MAX_RULE_PARTS = 512
MAX_RULE_RASTERS = 256
# One argument: tables of remap and colours are the longest.
MAX_ARGUMENT_CHARACTERS = 65_536
MAX_ARGUMENT_OBJECTS = 256
MAX_ARGUMENT_NUMBERS = 16_384
# Each is a pass over its own neighbourhood.
MAX_FOCAL_CALLS = 64
# Of a colour ramp made of ramps.
MAX_RAMP_PARTS = 256
MAX_RAMP_DEPTH = 8
# Trained at once: each has its covariances of all bands.
MAX_STATISTIC_CLASSES = 200
MAX_CLASS_NAME = 100

# Styles.

MAX_SLD_CHARACTERS = 250_000
# Counted before anything is parsed: an element takes a hundred times the memory of its text.
MAX_SLD_TAGS = 5_000
# A colour for each value of a byte, four times over; fixed tables of others have overflowed at this place.
MAX_SLD_COLOURS = 1024
# A layer of WMS is a service; more than some are a mistake, and each name is looked up.
MAX_LAYERS = 16
# Values that a request of WMS lists of one dimension.
MAX_DIMENSION_VALUES = 100
# Drawn by the front itself.
MAX_LEGEND_SIDE = 2048
MAX_EXCEPTION_PIXELS = 2048 * 2048

# Tokens.

# A year; what is given is bounded by `access.longest_token_minutes`.
MAX_TOKEN_MINUTES = 60 * 24 * 365
