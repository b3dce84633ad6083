// Everything that was seen in a picture, over that very picture, layer by layer. Zones are drawn elsewhere: they can be
// dragged.

import { BONES } from "./overlay.js";

export const LAYERS = ["zones", "joints", "parts", "tool", "tags", "hands", "people", "checks", "codes"];
const AXES = ["#ff5a4f", "#35c26b", "#4da3ff"];
const JOINT = { present: "#35c26b", absent: "#ffffff", unknown: "#ffb000" };

export function drawLayers(context, overlay, shown) {
  const unit = overlay.width_px / 640;
  context.lineJoin = context.lineCap = "round";
  const draw = {
    people: () => overlay.people.forEach(({ outline_px: outline }) => area(context, outline, "rgb(222 150 104 / 35%)", "#ffc9a0", unit)),
    tags: () => overlay.tags.forEach((tag) => closed(context, tag.corners_px, "#b48cff", unit * 1.5, [], String(tag.id), unit)),
    checks: () => overlay.checks.forEach((check) => region(context, check, unit)),
    codes: () => overlay.codes.forEach((code) => closed(context, code.corners_px, "#7fd0ff", unit * 2, [], code.text, unit)),
    parts: () => overlay.bodies.forEach((body) => part(context, body, unit)),
    joints: () => overlay.joints.forEach((joint) => ring(context, joint, unit)),
    tool: () => overlay.tool && tool(context, overlay.tool, unit),
    hands: () => overlay.hands.forEach((hand) => skeleton(context, hand.points_px, unit)),
  };
  for (const [layer, act] of Object.entries(draw)) if (shown.has(layer)) act();
}

function path(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
}

function stroke(context, colour, width, dash = []) {
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}

function closed(context, points, colour, width, dash, name, unit) {
  path(context, points);
  context.closePath();
  stroke(context, colour, width, dash);
  if (name) label(context, points[0], name, unit);
}

function area(context, points, fill, colour, unit) {
  path(context, points);
  context.closePath();
  context.fillStyle = fill;
  context.fill();
  stroke(context, colour, unit * 1.5, [unit * 4, unit * 3]);
}

function region(context, check, unit) {
  const colour = check.state ? "#35c26b" : "#ffb000";
  const said = check.state || check.reason;
  closed(context, check.outline_px, colour, unit * 2, check.state ? [] : [unit * 5, unit * 4], [check.check, said].filter(Boolean).join(": "), unit);
}

function part(context, { body, outline_px: outline, axes_px: axes, ellipse_px: ellipse }, unit) {
  closed(context, outline, "rgb(255 255 255 / 80%)", unit * 1.5, [], "", unit);
  const [at, ...ends] = axes;
  ends.forEach((end, index) => {
    path(context, [at, end]);
    stroke(context, AXES[index], unit * 2.5);
  });
  if (ellipse.length) closed(context, ellipse, "#ffe14d", unit * 1.5, [], "", unit);
  label(context, outline[0], body, unit);
}

function ring(context, { joint, at_px: [x, y], state }, unit) {
  context.beginPath();
  context.arc(x, y, unit * 9, 0, 2 * Math.PI);
  stroke(context, JOINT[state] ?? "#b9c3cd", unit * 2.5, JOINT[state] ? [] : [unit * 3, unit * 3]);
  label(context, [x + unit * 11, y], joint, unit);
}

function tool(context, { axis_px: axis, joint_px: joint, joint: name, distance_mm: distance, angle_deg: angle }, unit) {
  path(context, axis);
  stroke(context, "#ff4fd8", unit * 3);
  path(context, [axis[0], joint]);
  stroke(context, "#ff4fd8", unit * 1.5, [unit * 4, unit * 4]);
  label(context, axis[0], `${name} ${distance.toFixed(0)} mm ${angle.toFixed(0)}°`, unit);
}

function skeleton(context, points, unit) {
  for (const bone of BONES) {
    path(context, bone.map((index) => points[index]).filter(Boolean));
    stroke(context, "rgb(255 255 255 / 85%)", unit * 2);
  }
  context.fillStyle = "#eb0a1e";
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(x, y, unit * 2.4, 0, 2 * Math.PI);
    context.fill();
  }
}

function label(context, [x, y], text, unit) {
  context.font = `600 ${unit * 9}px sans-serif`;
  context.textAlign = "left";
  context.lineWidth = unit * 2.5;
  context.strokeStyle = "rgb(16 24 32 / 85%)";
  context.fillStyle = "#ffffff";
  context.strokeText(text, x, y - unit * 3);
  context.fillText(text, x, y - unit * 3);
}
