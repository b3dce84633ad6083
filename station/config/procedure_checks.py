"""What must hold between the tables of a procedure, and between it and the other files. Every mistake is reported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from station.config.errors import KeyPath
from station.config.procedure_draft import Draft, Known, Report
from station.config.strict import nearest
from station.core.procedure import (
    AfterNok,
    Checked,
    Confirmation,
    Demand,
    Fastener,
    HandsClear,
    PartAt,
    PartTaken,
    Step,
    TagSpec,
    Tightening,
)


def check_procedure(draft: Draft, known: Known, report: Report) -> None:
    """Report every mistake that the shapes of the tables alone do not show."""
    _ids(draft, known, report)
    _joints(draft, report)
    _names(draft, known, report)
    _groups(draft, report)
    for index, step in draft.steps.items():
        _step(index, step, draft, report)
    _part_demands(draft, report)
    _carried_joints(draft, report)


def _ids(draft: Draft, known: Known, report: Report) -> None:
    """Nothing is there twice: ids, tags, variants."""
    for table, items in (
        ("place", draft.places),
        ("part", draft.parts),
        ("joint", draft.joints),
        ("check", draft.checks),
        ("group", draft.groups),
        ("step", draft.steps),
    ):
        first: dict[str, int] = {}
        for index, item in items.items():
            if first.setdefault(item.id, index) != index:
                report((table, index, "id"), f"`{item.id}` is also the id of {table}[{first[item.id]}]", "rename one")
    tags: dict[int, str] = dict(known.station_tags or {})
    variants: dict[tuple[str, str], str] = {}
    for at, body, worn in _tagged(draft):
        for t, tag in enumerate(worn):
            path: KeyPath = (*at, t, "id")
            owner = tags.setdefault(tag.id, body)
            if owner != body:
                report(path, f"tag {tag.id} is also on {owner}", "give each tag one body")
            elif sum(other.id == tag.id for other in worn[: t + 1]) > 1:
                report(path, f"tag {tag.id} is on {body} twice", "give each tag one place")
    for index, part in draft.parts.items():
        if variants.setdefault((part.role, part.variant), part.id) != part.id:
            report(
                ("part", index, "variant"),
                f"{variants[part.role, part.variant]} is the {part.variant} {part.role} already",
                "give each part of a role a variant of its own",
            )


def _tagged(draft: Draft) -> Iterator[tuple[KeyPath, str, tuple[TagSpec, ...]]]:
    """Place, name and tags of every body that the procedure brings."""
    for index, part in draft.parts.items():
        yield ("part", index, "tag"), part.id, part.tags
    for index, joint in draft.joints.items():
        yield ("joint", index, "token"), f"the fastener of {joint.id}", joint.token_tags


def _joints(draft: Draft, report: Report) -> None:
    """Windows are windows, and a class A joint has both."""
    for index, joint in draft.joints.items():
        at: KeyPath = ("joint", index)
        has_torque, has_angle = joint.torque_max_nm > 0, joint.angle_max_deg > 0
        if has_torque and not joint.torque_min_nm < joint.torque_target_nm < joint.torque_max_nm:
            figures = f"{joint.torque_min_nm:g}, {joint.torque_target_nm:g}, {joint.torque_max_nm:g}"
            report((*at, "torque_nm"), f"min, target, max are {figures} N·m", "let min < target < max")
        if has_angle and not joint.angle_min_deg < joint.angle_max_deg:
            figures = f"{joint.angle_min_deg:g}, {joint.angle_max_deg:g}"
            report((*at, "angle_deg"), f"min, max are {figures} degrees", "let min < max")
        if joint.joint_class == "A":
            for key, has in (("torque_nm", has_torque), ("angle_deg", has_angle)):
                if not has:
                    report(at, f"{joint.id} is class A and has no `{key}`", "give a class A joint both windows")
        if joint.id in _tightened(draft):
            if joint.pset is None:
                report(at, f"{joint.id} is tightened but has no `pset`", "name the controller's parameter set")
            for key, has in (("torque_nm", has_torque), ("angle_deg", has_angle)):
                if not has and joint.joint_class != "A":
                    report(at, f"{joint.id} is tightened but has no `{key}`", "give the window of a good result")


def _tightened(draft: Draft) -> set[str]:
    return {d.joint for step in draft.steps.values() for d in step.demands if isinstance(d, Tightening)}


def _all_demands(draft: Draft) -> Iterator[tuple[KeyPath, Step, Demand]]:
    """Gates and demands of all steps, with their place."""
    for index, step in draft.steps.items():
        for key, demands in (("gates", step.gates), ("demands", step.demands)):
            for d, demand in enumerate(demands):
                yield ("step", index, key, d), step, demand


def _names(draft: Draft, known: Known, report: Report) -> None:
    """Everything that is named is there."""

    def want(path: KeyPath, kind: str, name: str, names: Collection[str] | None) -> None:
        if names is not None and name not in names:
            report(path, f"there is no {kind} `{name}`", nearest(name, names))

    for key, zone in (("work_zone", draft.work_zone), ("cobot_zone", draft.cobot_zone)):
        if zone is not None:
            want(("procedure", key), "zone", zone, known.zones)
    for index, part in draft.parts.items():
        want(("part", index, "tray"), "place", part.tray, draft.ids("place"))
        want(("part", index, "name"), "phrase", part.name, known.phrases)
    for index, spec in draft.joints.items():
        if spec.socket is not None:
            want(("joint", index, "socket"), "socket", spec.socket, known.sockets)
        if spec.on:
            want(
                ("joint", index, "on"),
                "part with the role",
                spec.on,
                None if draft.broken.get("part") else draft.roles(),
            )
    for index, taught in draft.checks.items():
        for c, camera in enumerate(taught.cameras):
            want(("check", index, "cameras", c), "camera", camera, known.cameras)
    for index, step in draft.steps.items():
        want(("step", index, "say"), "phrase", step.say, known.phrases)
        for g, gesture in enumerate(step.gestures):
            want(("step", index, "gestures", g), "gesture", gesture, known.gestures)
    roles = draft.roles()
    broken = bool(draft.broken.get("part"))
    for at, _, demand in _all_demands(draft):
        match demand:
            case PartAt(role=role, place=place):
                want((*at, "part_at", "role"), "part with the role", role, None if broken else roles)
                want((*at, "part_at", "place"), "place", place, draft.ids("place"))
            case PartTaken(role=role):
                want((*at, "part_taken", "role"), "part with the role", role, None if broken else roles)
            case HandsClear(zone=zone):
                want((*at, "hands_clear", "zone"), "zone", zone, known.zones)
            case Fastener(joint=joint):
                want((*at, "fastener", "joint"), "joint", joint, draft.ids("joint"))
            case Checked(check=check, state=state):
                want((*at, "checked", "check"), "check", check, draft.ids("check"))
                states = next((c.states for c in draft.checks.values() if c.id == check), None)
                want((*at, "checked", "state"), "state", state, states)
            case Tightening(joint=joint):
                want((*at, "tightening", "joint"), "joint", joint, draft.ids("joint"))
            case Confirmation(what=what):
                want((*at, "confirmation", "what"), "phrase", what, known.phrases)


def _groups(draft: Draft, report: Report) -> None:
    """Steps of a group stand together; where their order is free, the cobot does nothing on entering one of them."""
    any_order = {group.id for group in draft.groups.values() if group.any_order}
    declared = draft.ids("group")
    left: set[str] = set()
    before: str | None = None
    for index, step in sorted(draft.steps.items()):
        if step.group != step.id and step.group not in declared:
            report(("step", index, "group"), f"there is no group `{step.group}`", nearest(step.group, declared))
        if before is not None and step.group != before:
            left.add(before)
        if step.group in left:
            report(
                ("step", index, "group"),
                f"the steps of group `{step.group}` do not stand together",
                "move this step up to the others of its group, or give it another group",
            )
        before = step.group
        if step.confirms_place and step.group in any_order:
            report(
                ("step", index, "position"),
                f"in the any-order group `{step.group}` the position chooses the joint",
                'leave out `position = "confirm"`, or give the group an order',
            )
        alone = sum(other.group == step.group for other in draft.steps.values()) == 1
        if step.on_fail.then is AfterNok.MARK and alone and not draft.broken.get("step"):
            report(
                ("step", index, "on_fail"),
                f"{step.id} is alone in its group, so a marked joint would come back at once",
                "put the steps that it can wait for into one group",
            )
        if step.gestures and step.group in any_order:
            report(
                ("step", index, "gestures"),
                f"{step.id} is in the any-order group `{step.group}` and has gestures",
                "move the gestures to a step before the group",
            )
    used = {step.group for step in draft.steps.values()}
    for index, group in draft.groups.items():
        if group.id not in used and not draft.broken.get("step"):
            report(("group", index, "id"), f"no step is in group `{group.id}`", "remove the group or use it")


def _step(index: int, step: Step, draft: Draft, report: Report) -> None:
    """One step by itself."""
    at: KeyPath = ("step", index)
    if not step.demands:
        report(at, f"{step.id} has no demands, so it can never fail", "name the evidence that it needs to pass")
    if step.timeout_s <= 0:
        report((*at, "timeout_s"), f"{step.timeout_s:g} s is no time", "write how long a visitor may take, above 0")
    if step.gestures and draft.cobot_zone is None:
        report((*at, "gestures"), f"{step.id} has gestures but [procedure] has no `cobot_zone`", "name the zone")
    for key, demands in (("gates", step.gates), ("demands", step.demands)):
        for d, demand in enumerate(demands):
            if demand in demands[:d]:
                report((*at, key, d), "this stands here already", "remove one")
            if key == "gates" and isinstance(demand, Tightening | Confirmation):
                report((*at, key, d), "a gate is something seen before the step opens", "make it a demand of a step")
    joints = {joint.id: joint for joint in draft.joints.values()}
    gated = {gate.joint for gate in step.gates if isinstance(gate, Fastener)}
    qualified = any(isinstance(d, Confirmation) and d.by in {"qualified", "technician"} for d in step.demands)
    tightenings = [(d, demand) for d, demand in enumerate(step.demands) if isinstance(demand, Tightening)]
    for d, demand in tightenings:
        path: KeyPath = (*at, "demands", d, "tightening", "joint")
        if demand.joint not in gated:
            report(
                path,
                f"{step.id} tightens {demand.joint} without having seen a fastener there",
                f'add {{ fastener = {{ joint = "{demand.joint}" }} }} to `gates`',
            )
        if demand.joint in joints and joints[demand.joint].joint_class == "A" and not qualified:
            report(
                path,
                f"{demand.joint} is class A and nobody qualified confirms it in this step",
                'add { confirmation = { what = "...", by = "qualified" } } to `demands`',
            )
    if len(tightenings) > 1:
        report(
            (*at, "demands", tightenings[1][0]),
            f"{step.id} has {len(tightenings)} tightenings, and the tool is released for one joint at a time",
            "make a step of each",
        )


def _part_demands(draft: Draft, report: Report) -> None:
    """Along the steps: a part is taken before it is placed, and one place has one tolerance."""
    taken: set[str] = set()
    placed: dict[tuple[str, str], tuple[str, PartAt]] = {}
    trays: Mapping[str, set[str]] = {
        role: {part.tray for part in draft.parts.values() if part.role == role} for role in draft.roles()
    }
    for at, step, demand in _all_demands(draft):
        if isinstance(demand, PartTaken):
            taken.add(demand.role)
        if not isinstance(demand, PartAt):
            continue
        if demand.role not in taken and not draft.broken.get("step"):
            report(
                (*at, "part_at"),
                f"the {demand.role} is to stand at `{demand.place}` before any step has it taken",
                f'add a step before with {{ part_taken = {{ role = "{demand.role}" }} }}',
            )
        first_step, first = placed.setdefault((demand.role, demand.place), (step.id, demand))
        if demand != first:
            report(
                (*at, "part_at"),
                f"the {demand.role} at `{demand.place}` has other tolerances here than in step {first_step}",
                "write the same figures: vision watches one fact for both",
            )
        if demand.place in trays.get(demand.role, ()):
            report(
                (*at, "part_at", "place"),
                f"`{demand.place}` is the tray of a {demand.role}",
                "demand a place of the work, or `part_taken`",
            )


def _carried_joints(draft: Draft, report: Report) -> None:
    """A joint that a part carries is given for the part in its place: there must be just one."""
    if draft.broken.get("step"):
        return
    for index, joint in draft.joints.items():
        places = {d.place for _, _, d in _all_demands(draft) if isinstance(d, PartAt) and d.role == joint.on}
        if joint.on in draft.roles() and len(places) != 1:
            which = " and ".join(sorted(places)) or "no place"
            report(
                ("joint", index, "on"),
                f"{joint.id} goes with the {joint.on}, which the steps ask for at {which}",
                "have its steps ask for it at one place, or leave out `on`",
            )
