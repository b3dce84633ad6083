"""From files to what vision looks for: the bench, and the facts it is to watch."""

from __future__ import annotations

import numpy as np

from station.config.station_file import TOOL
from station.config.station_values import StationConfig
from station.core import facts
from station.core.procedure import (
    Checked,
    Demand,
    Fastener,
    HandsClear,
    JointSpec,
    PartAt,
    Place,
    Procedure,
    TagSpec,
    Tightening,
)
from vision.bench import (
    Bench,
    Body,
    Joint,
    TagMount,
    TaughtCheck,
    Watch,
    WatchCheck,
    WatchCode,
    WatchFastener,
    WatchHands,
    WatchPart,
    WatchTool,
    WatchUnit,
)
from vision.geometry import Transform


def pose_of(place: Place) -> Transform:
    """bench_from_place."""
    return Transform.of(*place.at_mm, *place.rpy_deg)


def mount_of(tag: TagSpec) -> TagMount:
    """A part's tag as vision wants it."""
    return TagMount(tag_id=tag.id, size_mm=tag.size_mm, body_from_tag=Transform.of(*tag.at_mm, *tag.rpy_deg))


def bench_of(station: StationConfig, procedure: Procedure) -> Bench:
    """The bench with everything that this procedure has on it. Bodies: each part by its id, the tool, tagged fasteners.

    Raises ValueError when two bodies carry the same tag; `validate_against` finds that before.
    """
    parts = tuple(Body(name=part.id, tags=tuple(mount_of(tag) for tag in part.tags)) for part in procedure.parts)
    tool = (station.tool,) if station.tool is not None else ()
    tokens = tuple(
        Body(name=token_of(joint), tags=tuple(mount_of(tag) for tag in joint.token_tags))
        for joint in procedure.joints
        if joint.token_tags
    )
    return Bench(
        cameras=tuple(camera.model for camera in station.cameras),
        fixture=station.fixture,
        bodies=(*parts, *tool, *tokens),
        joints=tuple(_joint(joint) for joint in procedure.joints),
        zones=station.zones,
        checks=tuple(
            TaughtCheck(
                name=check.id,
                kind=check.kind,
                bench_from_region=Transform.of(*check.at_mm, *check.rpy_deg),
                size_mm=check.size_mm,
                states=check.states,
                cameras=check.cameras,
            )
            for check in procedure.checks
        ),
        hand_height_mm=station.hand_height_mm,
    )


def token_of(joint: JointSpec) -> str:
    """Name of the body that is the joint's fastener; empty where fasteners carry no tags."""
    return f"token {joint.id}" if joint.token_tags else ""


def _joint(spec: JointSpec) -> Joint:
    axis = np.array(spec.axis)
    return Joint(
        name=spec.id,
        bench_mm=np.array(spec.position_mm),
        axis=axis / np.linalg.norm(axis),
        token=token_of(spec),
    )


def watches_of(station: StationConfig, procedure: Procedure) -> tuple[Watch, ...]:
    """Every fact that the procedure can ask for, by the names of `station.core.facts`, and the units that are measured.

    All variants of a role are watched at the place where one of them belongs, so that a wrong one is noticed; and in
    their trays, so that taking one is. Nothing here depends on the order: the core knows which variant is right.
    """
    demands = [demand for step in procedure.steps for demand in (*step.gates, *step.demands)]
    tightened = list(dict.fromkeys(demand.joint for demand in demands if isinstance(demand, Tightening)))
    fastened = list(dict.fromkeys(demand.joint for demand in demands if isinstance(demand, Fastener | Tightening)))
    tool = tightened if station.tool is not None else []
    limits = station.limits
    return (
        *_part_watches(station, procedure, demands),
        *_unit_watches(station, procedure, demands),
        *(
            WatchHands(fact=facts.hands_in(zone), zone=zone, clear_s=limits.hands_clear_s)
            for zone in zones_used(procedure)
        ),
        *(WatchFastener(fact=facts.fastener_at(joint), joint=joint) for joint in fastened),
        *(
            WatchTool(
                fact=facts.tool_at(joint),
                tool=TOOL,
                joint=joint,
                within_mm=limits.tool_within_mm,
                leave_mm=limits.tool_leave_mm,
            )
            for joint in tool
        ),
        *(
            WatchCheck(fact=facts.check_is(demand.check, demand.state), check=demand.check, state=demand.state)
            for demand in dict.fromkeys(demand for demand in demands if isinstance(demand, Checked))
        ),
        WatchCode(fact=facts.CODE),
    )


def _part_watches(station: StationConfig, procedure: Procedure, demands: list[Demand]) -> tuple[WatchPart, ...]:
    poses = {place.id: pose_of(place) for place in procedure.places}
    limits = station.limits
    targets = {(demand.role, demand.place): demand for demand in demands if isinstance(demand, PartAt)}
    watches = []
    for target in targets.values():
        for part in procedure.variants(target.role):
            watches.append(
                WatchPart(
                    fact=facts.part_at(part.id, target.place),
                    body=part.id,
                    bench_from_body=poses[target.place],
                    within_mm=target.within_mm,
                    within_deg=target.within_deg,
                    still_s=target.still_s,
                )
            )
            watches.append(
                WatchPart(
                    fact=facts.part_near(part.id, target.place),
                    body=part.id,
                    bench_from_body=poses[target.place],
                    within_mm=max(limits.near_mm, target.within_mm),
                    within_deg=max(limits.near_deg, target.within_deg),
                    still_s=limits.near_still_s,
                )
            )
    for part in procedure.parts:
        watches.append(
            WatchPart(
                fact=facts.part_at(part.id, part.tray),
                body=part.id,
                bench_from_body=poses[part.tray],
                within_mm=limits.tray_mm,
                within_deg=limits.tray_deg,
            )
        )
    return tuple(watches)


def _unit_watches(station: StationConfig, procedure: Procedure, demands: list[Demand]) -> tuple[WatchUnit, ...]:
    """Every variant that carries joints, where the station measures each unit."""
    config = station.unit_reference
    if config is None:
        return ()
    poses = {place.id: pose_of(place) for place in procedure.places}
    targets = {demand.role: demand for demand in demands if isinstance(demand, PartAt)}
    watches = []
    for role in dict.fromkeys(joint.on for joint in procedure.joints if joint.on):
        target = targets[role]
        for part in procedure.variants(role):
            fact = facts.unit_of(part.id)
            watches.append(
                WatchUnit(
                    fact=fact,
                    seat=WatchPart(
                        fact=fact,
                        body=part.id,
                        bench_from_body=poses[target.place],
                        within_mm=target.within_mm,
                        within_deg=target.within_deg,
                        still_s=target.still_s,
                    ),
                    joints=tuple(joint.id for joint in procedure.joints if joint.on == role),
                    most_mm=config.most_mm,
                    doubt_mm=config.doubt_mm,
                    cameras=config.cameras,
                )
            )
    return tuple(watches)


def zones_used(procedure: Procedure) -> tuple[str, ...]:
    """The zones that the procedure asks for, each once."""
    demands = [demand for step in procedure.steps for demand in (*step.gates, *step.demands)]
    named = [demand.zone for demand in demands if isinstance(demand, HandsClear)]
    always = [procedure.work_zone, *([procedure.cobot_zone] if procedure.cobot_zone else [])]
    return tuple(dict.fromkeys([*always, *named]))
