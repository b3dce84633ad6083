// What the station has seen in a picture, drawn over that very picture.

export const BONES = [
  [0, 1, 2, 3, 4],
  [0, 5, 6, 7, 8],
  [5, 9, 10, 11, 12],
  [9, 13, 14, 15, 16],
  [13, 17, 18, 19, 20],
  [0, 17],
];
const COLOURS = {
  empty: "#ffffff",
  fastener: "#7fd0ff",
  now: "#ffb000",
  running: "#ffb000",
  done: "#35c26b",
  marked: "#ffb000",
  bad: "#ff5a4f",
};

// `joints` are the screen's, so that a ring has the colour that the rest of the page gives it.
export function drawOverlay(context, overlay, joints) {
  const unit = overlay.width_px / 640;
  context.lineJoin = context.lineCap = "round";
  for (const zone of overlay.zones) if (zone.busy === true) outline(context, zone.outline_px, "#ffb000", unit * 2, [8, 8]);
  for (const body of overlay.bodies) outline(context, body.outline_px, "#ffffff", unit * 2, []);
  for (const joint of overlay.joints) ring(context, joint, joints, unit);
  for (const hand of overlay.hands) skeleton(context, hand.points_px, unit);
}

// Where the zones' floors are, busy or not.
export function drawZones(context, overlay) {
  const unit = overlay.width_px / 640;
  context.lineJoin = "round";
  for (const { outline_px: points, busy } of overlay.zones) {
    outline(context, points, busy === true ? "#ffb000" : "#4da3ff", unit * 2.5, []);
  }
}

function outline(context, points, colour, width, dash) {
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.closePath();
  context.stroke();
  context.setLineDash([]);
}

function ring(context, joint, joints, unit) {
  const known = joints.find((each) => each.id === joint.joint);
  const [x, y] = joint.at_px;
  context.lineWidth = unit * 3;
  context.strokeStyle = COLOURS[known?.status] ?? COLOURS.empty;
  context.setLineDash(known?.status === "marked" ? [unit * 5, unit * 4] : []);
  context.beginPath();
  context.arc(x, y, unit * 15, 0, 2 * Math.PI);
  context.stroke();
  context.setLineDash([]);
  if (known) {
    context.font = `700 ${unit * 13}px sans-serif`;
    context.textAlign = "center";
    context.lineWidth = unit * 3;
    context.strokeStyle = "rgb(16 24 32 / 80%)";
    context.fillStyle = "#ffffff";
    context.strokeText(known.label, x, y - unit * 21);
    context.fillText(known.label, x, y - unit * 21);
  }
}

function skeleton(context, points, unit) {
  context.strokeStyle = "rgb(255 255 255 / 85%)";
  context.lineWidth = unit * 2;
  for (const bone of BONES) {
    context.beginPath();
    for (const index of bone) if (points[index]) context.lineTo(...points[index]);
    context.stroke();
  }
  context.fillStyle = "#eb0a1e";
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(x, y, unit * 2.6, 0, 2 * Math.PI);
    context.fill();
  }
}
