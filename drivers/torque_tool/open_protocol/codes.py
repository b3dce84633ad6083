"""Words for the numbers: why a controller refuses (MID 0004), and the tightening error status bits (MID 0061
parameter 20).

Source: Open Protocol release 2.8.0, table 18 and the table of MID 0061; codes 29 and 36 from release 2.16.0.
"""

from __future__ import annotations

from types import MappingProxyType

REVISION_UNSUPPORTED = 97
CLIENT_ALREADY_CONNECTED = 96
RESULT_NOT_FOUND = 15
CONNECTION_REJECTED = 16
UNKNOWN_MID = 99
GENERIC_REVISION_UNSUPPORTED = 74
GENERIC_REQUEST_UNSUPPORTED = 75
GENERIC_REQUEST_REVISION_UNSUPPORTED = 76
ALREADY_THERE = frozenset({6, 9, 11, 13, 18, 31, 33, 43, 50, 71})
"""What a subscription is refused with when it exists already, which is as good."""

REFUSALS: MappingProxyType[int, str] = MappingProxyType(
    {
        0: "no error",
        1: "invalid data",
        2: "parameter set id not present",
        3: "parameter set cannot be set",
        4: "parameter set not running",
        6: "VIN upload subscription already exists",
        7: "VIN upload subscription does not exist",
        8: "VIN input source not granted",
        9: "last result subscription already exists",
        10: "last result subscription does not exist",
        11: "alarm subscription already exists",
        12: "alarm subscription does not exist",
        13: "parameter set selection subscription already exists",
        14: "parameter set selection subscription does not exist",
        15: "tightening id requested not found",
        16: "connection rejected, protocol busy",
        17: "job id not present",
        18: "job info subscription already exists",
        19: "job info subscription does not exist",
        20: "job cannot be set",
        21: "job not running",
        22: "not possible to execute dynamic job request",
        23: "job batch decrement failed",
        24: "not possible to create parameter set",
        25: "programming control not granted",
        26: "wrong tool type to parameter set download connected",
        27: "tool is inaccessible",
        28: "job abortion in progress",
        29: "tool does not exist",
        30: "controller is not a sync master or station controller",
        31: "multi-spindle status subscription already exists",
        32: "multi-spindle status subscription does not exist",
        33: "multi-spindle result subscription already exists",
        34: "multi-spindle result subscription does not exist",
        35: "other master client already connected",
        36: "lock type not supported",
        40: "job line control info subscription already exists",
        41: "job line control info subscription does not exist",
        42: "identifier input source not granted",
        43: "multiple identifiers work order subscription already exists",
        44: "multiple identifiers work order subscription does not exist",
        50: "external monitored inputs subscription already exists",
        51: "external monitored inputs subscription does not exist",
        52: "I/O device not connected",
        53: "faulty I/O device id",
        54: "tool tag id unknown",
        55: "tool tag id subscription already exists",
        56: "tool tag id subscription does not exist",
        57: "tool motor tuning failed",
        58: "no alarm present",
        59: "tool currently in use",
        60: "no histogram available",
        61: "pairing failed",
        62: "pairing denied",
        63: "pairing or its abortion on wrong tool type",
        64: "pairing abortion denied",
        65: "pairing abortion failed",
        66: "pairing disconnection failed",
        67: "pairing in progress or already done",
        68: "pairing denied, no program control",
        69: "unsupported extra data revision",
        70: "calibration failed",
        71: "subscription already exists",
        72: "subscription does not exist",
        73: "subscribed MID unsupported",
        74: "subscribed MID revision unsupported",
        75: "requested MID unsupported",
        76: "requested MID revision unsupported",
        77: "requested on specific data not supported",
        78: "subscription on specific data not supported",
        79: "command failed",
        80: "emergency status subscription exists",
        81: "emergency status subscription does not exist",
        82: "automatic/manual mode subscription already exists",
        83: "automatic/manual mode subscription does not exist",
        84: "relay function subscription already exists",
        85: "relay function subscription does not exist",
        86: "selector socket info subscription already exists",
        87: "selector socket info subscription does not exist",
        88: "digital input info subscription already exists",
        89: "digital input info subscription does not exist",
        90: "lock at batch done subscription already exists",
        91: "lock at batch done subscription does not exist",
        92: "Open Protocol commands disabled",
        93: "commands-disabled subscription already exists",
        94: "commands-disabled subscription does not exist",
        95: "request rejected, controller in manual mode",
        96: "connection rejected, client already connected",
        97: "MID revision unsupported",
        98: "controller internal request timeout",
        99: "unknown MID",
    }
)

ERROR_BITS: tuple[str, ...] = (
    "rundown angle max shut off",
    "rundown angle min shut off",
    "torque max shut off",
    "angle max shut off",
    "self-tap torque max shut off",
    "self-tap torque min shut off",
    "prevail torque max shut off",
    "prevail torque min shut off",
    "prevail torque compensate overflow",
    "current monitoring max shut off",
    "post view torque min shut off",
    "post view torque max shut off",
    "post view torque angle too small",
    "trigger lost",
    "torque less than target",
    "tool hot",
    "multistage abort",
    "rehit",
    "DS measure failed",
    "current limit reached",
    "end time-out shut off",
    "remove fastener limit exceeded",
    "disable drive",
    "transducer lost",
    "transducer shorted",
    "transducer corrupt",
    "sync time-out",
    "dynamic current monitoring min",
    "dynamic current monitoring max",
    "angle max monitor",
    "yield nut off",
    "yield too few samples",
)
"""Least significant bit first: the specification's "bit 1" is index 0."""

ERROR_BITS_2: tuple[str, ...] = (
    "drive deactivated",
    "tool stall",
    "drive hot",
    "gradient monitoring high",
    "gradient monitoring low",
    "reaction bar failed",
    "snug max",
    "cycle abort",
    "necking failure",
    "effective loosening",
    "over speed",
    "no residual torque",
    "positioning fail",
    "snug monitoring low",
    "snug monitoring high",
    "dynamic min current",
    "dynamic max current",
    "latent result",
)
"""Of the second status word (revision 6), least significant bit first."""

RESULT_TYPES: MappingProxyType[int, str] = MappingProxyType(
    {
        1: "tightening",
        2: "loosening",
        3: "batch increment",
        4: "batch decrement",
        5: "bypass parameter set",
        6: "abort job",
        7: "tightening",  # synchronised with other spindles
        8: "reference setup",
    }
)
BATCH_STATUSES: MappingProxyType[int, str] = MappingProxyType({0: "nok", 1: "ok", 2: "unused", 3: "running"})
STRATEGIES: MappingProxyType[int, str] = MappingProxyType(
    {
        1: "torque control",
        2: "torque control / angle monitoring",
        3: "torque control / angle control AND",
        4: "angle control / torque monitoring",
        5: "DS control",
        6: "DS control torque monitoring",
        7: "reverse angle",
        8: "reverse torque",
        9: "click wrench",
        10: "rotate spindle forward",
        11: "torque control angle control OR",
        12: "rotate spindle reverse",
        13: "home position forward",
        14: "EP monitoring",
        15: "yield",
        16: "EP fixed",
        17: "EP control",
        18: "EP angle shutoff",
        19: "yield / torque control OR",
        20: "snug gradient",
        21: "residual torque / time",
        22: "residual torque / angle",
        23: "breakaway peak",
        24: "loose and tightening",
        25: "home position reverse",
        26: "PVT comp with snug",
        99: "no strategy",
    }
)


def refusal_text(error: int) -> str:
    """The specification's words for a 0004 code."""
    return REFUSALS.get(error, "a code that the specification does not have")


def names_of_error_bits(status: int, second: int = 0) -> tuple[str, ...]:
    """Names of the bits that are set in the tightening error status and the second one, lowest first."""
    words = ((status, ERROR_BITS), (second, ERROR_BITS_2))
    return tuple(name for word, names in words for index, name in enumerate(names) if word >> index & 1)


def error_status_of(names: tuple[str, ...]) -> int:
    """The tightening error status with these bits set. Raises ValueError for a name that is none."""
    return sum(1 << ERROR_BITS.index(name) for name in set(names))
