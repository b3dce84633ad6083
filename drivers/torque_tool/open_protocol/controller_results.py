"""From a finished rundown to what the simulated controller keeps of it and pushes: 0061, 0091, 0101, 0900, 1201."""

from __future__ import annotations

from drivers.torque_tool.open_protocol.controller_archive import Archive, Rundown
from drivers.torque_tool.open_protocol.controller_data import STATION_ID, in_revision, result_values
from drivers.torque_tool.open_protocol.controller_jobs import Jobs
from drivers.torque_tool.open_protocol.controller_mtf import overall_messages
from drivers.torque_tool.open_protocol.controller_psets import BATCH_UNUSED, Batch
from drivers.torque_tool.open_protocol.controller_spindles import multi_result, multi_status
from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.controller_traces import PLOT, TRACE, trace_messages
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.lists import encode_stages
from drivers.torque_tool.open_protocol.messages import LAYOUTS, number, whole
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.result_tables import STAGES_REVISION
from drivers.torque_tool.open_protocol.simulated_tool import Measured

SAMPLE_EVERY_S = 0.002


class Results:
    """Counts, keeps and pushes rundowns. Not thread-safe; time is handed in."""

    def __init__(self, state: ControllerState, archive: Archive, jobs: Jobs) -> None:
        self._state = state
        self._archive = archive
        self._jobs = jobs
        self._sync_id = 0

    def finish(self, spindles: tuple[Measured, ...], now_s: float, *, turned: bool, wrong: bool = False) -> None:
        """Count a rundown for its batch and job, keep it, push it, and then what follows from it.

        One that was not `turned` has no curve.
        """
        first, ok = spindles[0], all(one.ok for one in spindles)
        pset, loosening = first.pset.pset, first.result_type == "loosening"
        batch = Batch(size=first.pset.batch_size, counter=0, status=BATCH_UNUSED)
        job, job_sequence = self._jobs.running, self._jobs.sequence
        if not loosening:
            batch = self._jobs.count(pset, ok=ok)
        values = result_values(
            first,
            time=self._state.time(now_s),
            identifiers=self._state.identifiers,
            job=job,
            job_sequence=job_sequence,
            batch_size=batch.size,
            batch_counter=batch.counter,
            batch_status=batch.status,
            tool_serial=self._state.tool_serial,
            station_id=STATION_ID,
        )
        if len(spindles) > 1:
            self._sync_id = self._sync_id % 65535 + 1
            values["sync_tightening_id"] = self._sync_id
        self._state.tightenings += 1
        # A curve is made only where somebody wants one.
        wanted = turned and self._state.session.wish(TRACE) is not None
        curve = self._state.tool.last_curve(SAMPLE_EVERY_S) if wanted else None
        rundown = self._archive.add(values, spindles, curve)
        self.push(rundown, wrong=wrong)
        if loosening:
            self._jobs.loosened(now_s)
        else:
            self._jobs.counted(pset, batch, ok=ok, now_s=now_s)

    def push(self, rundown: Rundown, *, wrong: bool = False) -> None:
        """Tell who subscribed. A `wrong` result has another parameter set and another id."""
        values = rundown.values
        if wrong:
            other = {"pset": whole(values, "pset") % 999 + 1, "tightening_id": whole(values, "tightening_id") + 1000}
            values = values | other
        session = self._state.session
        wish = session.wish(61)
        if wish is not None:
            session.push(Message(mid=61, revision=wish.revision, data=self._result_data(values, wish.revision)))
        if session.wish(1201) is not None:
            for message in overall_messages(values, self._state):
                session.push(message, subscription=1201)
        if session.wish(91) is not None:
            session.push(multi_status(values, rundown.spindles))
        wish = session.wish(101)
        if wish is not None:
            session.push(multi_result(values, rundown.spindles, wish.revision))
        wish = session.wish(TRACE)
        if wish is not None and rundown.curve is not None:
            plotted = session.wish(PLOT) is not None
            for message in trace_messages(values, rundown.curve, wish.details, self._state, plotted=plotted):
                session.push(message)

    def _result_data(self, values: dict[str, Value], revision: int) -> bytes:
        shown = self._state.shown(in_revision(values, revision))
        if revision != STAGES_REVISION:
            return LAYOUTS[61, revision].encode(shown)
        stage = (number(values, "torque_nm"), whole(values, "angle_deg"))
        return LAYOUTS[61, revision].encode(shown | {"stages": 1, "stage_results": 1}) + encode_stages([stage])
