"""Controller families as data: what each speaks, in which revision, and what its words mean. Driver and simulator share
them, so that what one believes of a family the other does.

Sources: Open Protocol release 2.8.0; *Appendix for Power Focus 6000*, release 2.8 revision 2 and release 3.6; *Open
Protocol, MT Focus 6000*, 9839 0732 01 (2025-06-13). A Power Focus 4000 has no public table of its own: its entry holds
what the specification itself and captures of real devices show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class OldResults(StrEnum):
    """How results that were missed are asked back."""

    BY_ID = "by_id"
    """0064 with an id gives that result or code 15; ids count up by one."""
    LATEST_NOT_ABOVE = "latest_not_above"
    """0064 with an id gives the latest result with an id not above it, of any station: walk down, filter by station."""
    OVERALL = "overall"
    """0006 asks for 1201 by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerProfile:
    """One family."""

    name: str
    """As a station file and `--profile` name it."""
    title: str
    system_type: int
    """Parameter 10 of 0002; 0 = says nothing."""
    revisions: Mapping[int, int]
    """MID that the integrator sends -> highest revision; a MID that is not here is answered with 99."""
    only_highest: frozenset[int] = frozenset()
    """MIDs of `revisions` that are spoken in the highest revision alone."""
    subscribed: Mapping[int, int]
    """MIDs that 0008 subscribes to, with their highest revision; empty where 0008 is unknown."""
    results_by: Literal[61, 1201] = 61
    """The message that reports a tightening: 0061 after 0060, or 1201 after 0008."""
    enables_by: Literal[43, 225] = 43
    """0043 and 0042, or input function 8 by 0225 (enable) and 0224 (disable)."""
    identifies_by: Literal[50, 150] = 50
    old_results: OldResults = OldResults.BY_ID
    wants_acknowledgement: bool = True
    """Whether subscription data must be acknowledged."""
    numbers_messages: bool = False
    """Whether it offers sequence numbers (link level) from revision 6 of 0001 on."""
    closes_after_97: bool = False
    """Closes the connection after refusing a revision, so the next lower one needs a new connection."""
    unknown_pset: int = 2
    """The code with which 0018 refuses a parameter set that does not exist."""
    unknown_batch_pset: int = 1
    """The code with which 0019 refuses it."""
    unknown_job: int = 17
    """The code with which 0038 refuses a job that does not exist."""
    names_generic_request: bool = False
    """0005 after 0008 and 0009 names these themselves, not the MID that is subscribed to."""
    second_client: int = 96
    """The code with which 0001 refuses one client too many."""
    clock_may_be_set: bool = True
    trace_order: Literal["little", "big"] = "big"
    """Byte order of the samples of 0900: stated for the MT Focus only, so it is a setting elsewhere."""
    trace_samples: int = 768
    """At most so many samples a trace."""
    blank: frozenset[str] = frozenset()
    """Fields (as `messages.py` names them) that it leaves blank."""
    baudrate: int = 115_200

    @property
    def needs_station_id(self) -> bool:
        """Whether results can be told from those of other stations only by the id in revision 6 of 0002."""
        return self.old_results is OldResults.LATEST_NOT_ABOVE


_CLASSIC: Mapping[int, int] = MappingProxyType(
    {
        1: 6, 3: 1, 10: 1, 12: 2, 14: 2, 16: 1, 17: 1, 18: 1, 19: 2, 20: 1, 21: 1, 23: 1, 24: 1, 30: 2, 32: 2, 34: 4,
        36: 1, 37: 1, 38: 2, 39: 2, 40: 5, 42: 1, 43: 1, 50: 1, 51: 2, 53: 1, 54: 1, 60: 7, 62: 1, 63: 1, 64: 7, 70: 2,
        72: 1, 73: 1, 75: 1, 77: 1, 78: 1, 80: 1, 82: 1, 90: 1, 92: 1, 93: 1, 100: 5, 102: 1, 103: 1, 127: 1, 128: 1,
        129: 2, 150: 1, 151: 1, 153: 1, 154: 1, 210: 1, 212: 1, 213: 1, 224: 1, 225: 1, 9999: 1,
    }
)  # fmt: skip

GENERIC = ControllerProfile(
    name="generic",
    title="Any controller after the specification",
    system_type=0,
    revisions=MappingProxyType(
        {
            **_CLASSIC,
            6: 1, 8: 1, 9: 1, 32: 5, 34: 5, 40: 7, 42: 2, 43: 2, 60: 10, 64: 10, 70: 3, 1203: 1,
        }
    ),
    subscribed=MappingProxyType({900: 1, 901: 1, 1201: 1}),
    numbers_messages=True,
)  # fmt: skip
PF4000 = ControllerProfile(
    name="pf4000",
    title="Power Focus 4000",
    system_type=1,
    revisions=MappingProxyType({**_CLASSIC, 60: 7, 64: 7}),
    subscribed=MappingProxyType({}),
    numbers_messages=True,
    second_client=96,
)
PF6000 = ControllerProfile(
    name="pf6000",
    title="Power Focus 6000, release 3",
    system_type=3,
    revisions=MappingProxyType(
        {
            **{mid: revision for mid, revision in _CLASSIC.items() if mid not in (100, 102, 103)},
            6: 1, 8: 1, 9: 1, 12: 4, 14: 1, 19: 1, 34: 5, 39: 1, 40: 6, 42: 2, 43: 2, 60: 9, 64: 9, 70: 3, 90: 1,
            129: 1, 1203: 1,
        }
    ),
    subscribed=MappingProxyType({900: 1, 1201: 1}),
    unknown_pset=3,
    unknown_batch_pset=79,
    unknown_job=20,
    second_client=16,
    trace_order="little",
    blank=frozenset({"cell_id", "supplier_code", "protocol_version", "rbu_type", "motor_size"}),
)  # fmt: skip
PF6000_28 = ControllerProfile(
    name="pf6000-2.8",
    title="Power Focus 6000, release 2.8",
    system_type=3,
    revisions=MappingProxyType(
        {
            **{mid: revision for mid, revision in _CLASSIC.items() if not 90 <= mid <= 103 and not 151 <= mid <= 154},
            12: 4, 14: 1, 19: 1, 34: 4, 39: 1, 40: 5, 60: 8, 64: 8, 70: 3, 129: 1,
        }
    ),
    subscribed=MappingProxyType({}),
    old_results=OldResults.LATEST_NOT_ABOVE,
    unknown_pset=3,
    unknown_batch_pset=79,
    unknown_job=20,
    second_client=16,
    blank=frozenset(
        {
            "cell_id", "channel_id", "supplier_code", "protocol_version", "rbu_type", "system_subtype", "motor_size",
            "strategy_options", "current_status", "current_min_percent", "current_max_percent", "current_percent",
            "prevail_status", "prevail_compensate_status", "prevail_min_nm", "prevail_max_nm", "prevail_nm",
            "error_status", "error_status_2", "rundown_angle_deg", "self_tap_nm", "job_sequence_number",
            "sync_tightening_id", "customer_error", "prevail_compensate_nm",
        }
    ),
)  # fmt: skip
MTF6000 = ControllerProfile(
    name="mtf6000",
    title="MT Focus 6000",
    system_type=4,
    revisions=MappingProxyType(
        {
            1: 6, 3: 1, 6: 1, 8: 1, 9: 1, 10: 1, 16: 1, 18: 1, 19: 2, 30: 2, 36: 1, 38: 2, 40: 5, 72: 1, 75: 1, 77: 1,
            78: 1, 80: 1, 82: 1, 150: 1, 157: 1, 212: 1, 224: 1, 225: 1, 1203: 1, 9999: 1,
        }
    ),
    only_highest=frozenset({1, 30, 40}),
    subscribed=MappingProxyType({15: 1, 35: 2, 71: 3, 900: 1, 901: 1, 1201: 1}),
    results_by=1201,
    enables_by=225,
    identifies_by=150,
    old_results=OldResults.OVERALL,
    wants_acknowledgement=False,
    names_generic_request=True,
    second_client=16,
    trace_order="little",
)  # fmt: skip

PROFILES: Mapping[str, ControllerProfile] = MappingProxyType(
    {profile.name: profile for profile in (GENERIC, PF4000, PF6000, PF6000_28, MTF6000)}
)
"""By the name that a station file gives."""
