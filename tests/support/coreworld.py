"""Procedures for tests of the core: a mirror with gestures and ordered joints, clips in any order, a class A wheel."""

from dataclasses import replace

from station.core.procedure import (
    AfterNok,
    Confirmation,
    Fastener,
    Group,
    HandsClear,
    JointClass,
    JointSpec,
    OnFail,
    Order,
    Part,
    PartAt,
    PartTaken,
    PassShown,
    Place,
    Procedure,
    Role,
    Step,
    Tightening,
)

ORDER = Order(id="A-1", visitor="Mika", vin="VIN-1", car="Red car", choices={"mirror": "red", "clip": "long"})
OTHER_ORDER = Order(id="A-2", visitor="Ole", vin="VIN-2", car="Blue car", choices={"mirror": "blue", "clip": "long"})
CONSENT = Step(
    id="welcome",
    say="step.welcome",
    picture="welcome",
    group="welcome",
    demands=(Confirmation(what="confirm.consent", by=Role.VISITOR),),
)
CHECK_IN = Step(id="check-in", say="step.check-in", picture="pass", group="check-in", demands=(PassShown(),))
MIRROR_AT = PartAt(role="mirror", place="door", within_mm=2.0, within_deg=2.0, still_s=0.5)
CLEAR = HandsClear(zone="door")


def joint(name: str, pset: int = 1, joint_class: JointClass = JointClass.B) -> JointSpec:
    """A joint with a window of 8.1 to 9.9 N·m and 20 to 110 degrees."""
    return JointSpec(
        id=name,
        label=name.removeprefix("J"),
        joint_class=joint_class,
        position_mm=(0.0, 0.0, 0.0),
        pset=pset,
        torque_min_nm=8.1,
        torque_target_nm=9.0,
        torque_max_nm=9.9,
        angle_min_deg=20.0,
        angle_max_deg=110.0,
    )


def variant(role: str, kind: str) -> Part:
    """One variant of a role, in a tray of its own."""
    return Part(id=f"{role}-{kind}", role=role, variant=kind, name=f"part.{role}.{kind}", tray=f"tray-{kind}", tags=())


def tighten(name: str, *, gestures: tuple[str, ...] = (), group: str = "tighten", resume: str = "confirm") -> Step:
    """A step that tightens one joint once its fastener is seen."""
    return Step(
        id=f"tighten-{name}",
        say="step.tighten",
        picture="tighten",
        group=group,
        gestures=gestures,
        gates=(Fastener(joint=name),),
        demands=(Tightening(joint=name),),
        timeout_s=60.0,
        resume=resume,
    )


def mirror() -> Procedure:
    """Consent, pass, take, place, hold with gestures, three nuts, three ordered joints, a final look, a last word."""
    nuts = tuple(Fastener(joint=name) for name in ("J1", "J2", "J3"))
    return _procedure(
        "mirror",
        parts=(variant("mirror", "red"), variant("mirror", "blue")),
        joints=(joint("J1"), joint("J2"), joint("J3", pset=2)),
        steps=(
            CONSENT,
            CHECK_IN,
            Step(id="take", say="step.take", picture="take", group="take", demands=(PartTaken(role="mirror"),)),
            Step(id="place", say="step.place", picture="place", group="place", demands=(MIRROR_AT, CLEAR)),
            Step(
                id="hold",
                say="step.hold",
                picture="hold",
                group="hold",
                gestures=("point-J1", "hold"),
                demands=(MIRROR_AT, CLEAR),
            ),
            Step(id="nuts", say="step.nuts", picture="nuts", group="nuts", demands=(*nuts, CLEAR)),
            tighten("J1", gestures=("point-J1",)),
            tighten("J2", gestures=("point-J2",), resume="itself"),
            tighten("J3"),
            Step(
                id="final",
                say="step.final",
                picture="final",
                group="final",
                gestures=("home",),
                demands=(MIRROR_AT, *nuts, CLEAR),
            ),
            Step(
                id="record",
                say="step.record",
                picture="record",
                group="record",
                demands=(Confirmation(what="confirm.proud", by=Role.VISITOR),),
            ),
        ),
        cobot_zone="cobot",
    )


def clips() -> Procedure:
    """Two joints in any order, then a look, without gestures."""
    return _procedure(
        "clips",
        parts=(variant("clip", "long"),),
        joints=(joint("J1"), joint("J2")),
        steps=(
            CHECK_IN,
            tighten("J1", group="any"),
            tighten("J2", group="any"),
            Step(
                id="final",
                say="step.final",
                picture="final",
                group="final",
                demands=(Fastener(joint="J1"), Fastener(joint="J2"), CLEAR),
            ),
        ),
        groups=(Group(id="any", any_order=True),),
    )


def studs() -> Procedure:
    """Three ordered joints with a socket and a grace time: one is marked, one loosened, one confirmed afterwards."""
    joints = tuple(
        JointSpec(
            id=name,
            label=name[1:],
            joint_class=JointClass.B,
            position_mm=(0.0, 0.0, 0.0),
            pset=1,
            torque_min_nm=8.1,
            torque_target_nm=9.0,
            torque_max_nm=9.9,
            angle_min_deg=20.0,
            angle_max_deg=110.0,
            socket="13",
            grace_s=0.5,
        )
        for name in ("J1", "J2", "J3")
    )
    strategies = (AfterNok.MARK, AfterNok.LOOSEN, AfterNok.TECHNICIAN)
    steps = tuple(
        replace(
            tighten(joint.id, group="studs"),
            on_fail=OnFail(retries=1, then=then),
            confirms_place=then is AfterNok.TECHNICIAN,
        )
        for joint, then in zip(joints, strategies, strict=True)
    )
    return _procedure("studs", joints=joints, steps=steps, groups=(Group(id="studs"),))


def wheel() -> Procedure:
    """One class A joint: a result, and then a qualified person's word."""
    step = Step(
        id="tighten-J1",
        say="step.tighten",
        picture="tighten",
        group="tighten",
        gates=(Fastener(joint="J1"),),
        demands=(Tightening(joint="J1"), Confirmation(what="confirm.tight", by=Role.QUALIFIED)),
    )
    return _procedure("wheel", joints=(joint("J1", joint_class=JointClass.A),), steps=(step,))


def _procedure(
    name: str,
    *,
    joints: tuple[JointSpec, ...],
    steps: tuple[Step, ...],
    parts: tuple[Part, ...] = (),
    groups: tuple[Group, ...] = (),
    cobot_zone: str | None = None,
) -> Procedure:
    return Procedure(
        id=name,
        version="1",
        title=name,
        sha256="0" * 64,
        parts=parts,
        places=(Place(id="door", at_mm=(0.0, 0.0, 0.0)),),
        joints=joints,
        groups=groups,
        steps=steps,
        work_zone="door",
        cobot_zone=cobot_zone,
    )
