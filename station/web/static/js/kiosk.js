// The visitor's page. It keeps no state of its own: every message says everything, so a page that was cut off is right
// again with the first message after it is back.

import { act, post, wordFor } from "./act.js";
import { Art, loadThings } from "./art.js";
import { fillCard } from "./card.js";
import { Dial } from "./dial.js";
import { $, figure, make, refill, setText, show } from "./dom.js";
import { fillInterlock } from "./interlock.js";
import { Link } from "./link.js";
import { certificate } from "./record.js";
import { Video } from "./video.js";
import { TriggerKey } from "./trigger-key.js";
import { Voice } from "./voice.js";

const NOTICE_MS = 4000;

const art = new Art($("art"));
const dial = new Dial($("dial"));
const voice = new Voice();
let words = {};
let languages = {};
let view = null;
let video = null;
let noticeTimer = 0;
let recordFor = "";

await loadThings();
const about = await (await fetch("/about.json")).json();
startCamera(about.cameras);
if (about.trigger) new TriggerKey(() => view?.phase === "running");

new Link("/ws/state", { message: heard, lost: () => connected(false) });

function heard(message) {
  if (message.kind === "words") {
    ({ words, languages } = message);
    document.documentElement.lang = message.language;
    document.title = words.title;
    for (const element of document.querySelectorAll("[data-word]")) setText(element, words[element.dataset.word]);
    labels(message.language);
  } else {
    view = message.view;
    document.body.dataset.version = message.version;
    connected(true);
    draw();
  }
}

function connected(now) {
  const before = document.body.dataset.connected;
  document.body.dataset.connected = String(now);
  if (!now && view) notice(words["connection.lost"], 0);
  if (now && before === "false" && !$("notice").hidden) notice(words["connection.back"]);
}

function notice(text, forMs = NOTICE_MS) {
  clearTimeout(noticeTimer);
  setText($("notice"), text);
  show($("notice"), Boolean(text));
  if (forMs) noticeTimer = setTimeout(() => show($("notice"), false), forMs);
}

async function tell(ask, token = "") {
  const word = wordFor(await act({ visit: view.visit, ...ask }, token));
  if (word) notice(words[word]);
}

function labels(language) {
  $("languages").setAttribute("aria-label", words.language);
  $("camera-tabs").setAttribute("aria-label", words.camera);
  $("steps").setAttribute("aria-label", words.progress);
  setText($("camera-cover"), words["camera.old"]);
  setText($("waiting-title"), words.waiting_for);
  $("languages").replaceChildren(
    ...Object.entries(languages).map(([id, name]) => {
      const attributes = { type: "button", lang: id, "aria-pressed": String(id === language) };
      const button = make("button", { text: name, attributes });
      button.addEventListener("click", () => tell({ do: "language", language: id }));
      return button;
    }),
  );
  for (const tab of $("camera-tabs").children) tabLabel(tab);
  canvasLabel();
}

function draw() {
  const running = view.phase === "running";
  document.body.dataset.phase = view.phase;
  document.body.dataset.picture = view.picture;
  setText($("hello"), view.hello);
  setText($("car"), view.car);
  setText($("step-of"), view.step_of);
  setText($("sentence"), view.outcome === "abandoned" ? words.abandoned : view.sentence);
  art.show(view);
  $("art").setAttribute("aria-label", view.picture_text);
  fillCard($("card"), view, words, tell);
  questions(running);
  states(running);
  dial.show(view.joints, words.nm);
  joints();
  fillInterlock($("interlock"), running ? view.interlock : [], words);
  refill($("waiting"), view.waiting, () => view.waiting.map((text) => make("li", { text })));
  show($("waiting-box"), running && view.waiting.length > 0 && $("card").hidden);
  steps();
  setText($("caption"), view.caption?.text ?? "");
  voice.say(view.caption);
  setText($("pause"), words.pause_program);
  show($("pause"), running && !view.paused);
  setText($("help"), view.help_called ? words["help.called"] : words.help);
  $("help").classList.toggle("called", view.help_called);
  show($("help"), running);
  if (video) video.joints = view.joints;
  void record();
}

function questions(running) {
  const held = !$("card").hidden;
  const asked = held ? [] : view.questions;
  refill($("ask"), [view.phase, asked, view.language, view.reach], () => {
    if (view.phase === "set_up") return [];
    if (!running) return [beginButton()];
    const consent = asked.some((question) => question.what === "confirm.consent");
    const reach = consent && view.reach ? [reachChooser()] : [];
    return reach.concat(asked.map((question) => {
      const text = { "confirm.consent": words.begin }[question.what] ?? words.confirm;
      const button = make("button", { className: "main-button", text, attributes: { type: "button" } });
      button.addEventListener("click", () => confirm(question));
      const by = question.by === "visitor" ? [] : [make("p", { className: "ask-by", text: words["question.qualified"] })];
      const parts = [make("p", { className: "ask-text", text: question.text }), ...by];
      return make("div", { className: "question" }, [make("div", { className: "ask-words" }, parts), button]);
    }));
  });
}

// Asked with the consent, before the arm brings anything.
function reachChooser() {
  const buttons = ["low", "middle", "high"].map((reach) => {
    const attributes = { type: "button", "aria-pressed": String(reach === view.reach) };
    const button = make("button", { text: words[`reach.${reach}`], attributes, data: { reach } });
    button.addEventListener("click", () => tell({ do: "reach", reach }));
    return button;
  });
  const label = make("p", { className: "ask-text", text: words.reach, attributes: { id: "reach-label" } });
  const group = make("div", { className: "reach-buttons", attributes: { role: "group", "aria-labelledby": "reach-label" } }, buttons);
  return make("div", { className: "reach" }, [label, group]);
}

function beginButton() {
  const text = view.outcome ? words.new_visit : words.begin;
  const button = make("button", { className: "main-button large", text, attributes: { type: "button" } });
  button.addEventListener("click", () => tell({ do: "begin", language: view.language }));
  return button;
}

async function confirm(question) {
  const ask = { do: "confirm", step: question.step, what: question.what };
  if (question.by === "visitor") await tell(ask);
  else signedBy(question.text, (token) => tell(ask, token));
}

// Somebody of a higher role says it with name and PIN; the page forgets who it was at once.
function signedBy(title, say) {
  setText($("sign-title"), title);
  setText($("sign-problem"), "");
  $("sign-name").replaceChildren(...about.people.map((name) => make("option", { text: name })));
  $("sign-pin").value = "";
  $("sign-cancel").onclick = () => $("sign").close();
  $("sign-form").onsubmit = async (event) => {
    event.preventDefault();
    const asked = { name: $("sign-name").value, pin: $("sign-pin").value };
    $("sign-pin").value = "";
    const { status, body } = await post(`/sign-in?language=${view.language}`, asked);
    if (status !== 200) {
      setText($("sign-problem"), body.text ?? words.error);
      return;
    }
    $("sign").close();
    await say(body.token);
    await post("/sign-out", {}, body.token);
  };
  $("sign").showModal();
}

function states(running) {
  // Where the interlock is shown, it says what the tool does.
  const nuts = view.joints.some((joint) => joint.status !== "empty") && !view.interlock.length;
  const tool = nuts ? [["tool", view.tool, view.tool_text]] : [];
  const shown = running ? [["robot", view.robot, view.robot_text], ...tool] : [];
  refill($("states"), shown, () => shown.map(([kind, state, text]) => make("li", { text, data: { kind, state } })));
}

function joints() {
  const matter = view.picture === "start-nuts" || view.joints.some((joint) => joint.status !== "empty");
  show($("work"), matter);
  refill($("joints"), view.joints, () =>
    view.joints.map((joint) => {
      const done = joint.status === "done" && joint.torque_nm !== null;
      const result = done ? `✓ ${figure(joint.torque_nm, 2)} ${words.nm}` : joint.status_text;
      return make("li", { data: { joint: joint.id, status: joint.status } }, [
        make("span", { className: "joint-badge", text: joint.label, attributes: { "aria-hidden": "true" } }),
        make("span", { className: "joint-name", text: joint.name }),
        make("span", { className: "joint-result", text: result }),
      ]);
    }),
  );
}

function steps() {
  refill($("steps"), [view.steps, view.language], () =>
    view.steps.map((step) => {
      const attributes = step.status === "active" ? { "aria-current": "step" } : {};
      // A step that is left for later says so; the others' dots are told apart by their shapes.
      const [className, before, after] = step.status === "marked" ? ["step-note", " ", ""] : ["unseen", " (", ")"];
      const state = make("span", { className, text: `${before}${words[`step.${step.status}`]}${after}` });
      return make("li", { data: { status: step.status }, attributes }, [
        make("span", { className: "step-dot", attributes: { "aria-hidden": "true" } }),
        make("span", { className: "step-label", text: step.label }, [state]),
      ]);
    }),
  );
}

async function record() {
  const wanted = view.picture === "record" && view.outcome !== "abandoned" ? `${view.visit} ${view.language} ${view.outcome}` : "";
  if (wanted === recordFor) return;
  recordFor = wanted;
  if (!wanted) {
    show($("paper"), false);
    show($("art"), true);
    return;
  }
  const answer = await fetch(`/record.json?language=${view.language}`);
  const { record: found } = await answer.json();
  if (recordFor !== wanted) return;
  show($("paper"), found !== null);
  show($("art"), found === null);
  if (found === null) return;
  const print = make("a", { className: "quiet print-link", text: words["record.print"], attributes: { href: "/record" } });
  $("paper").replaceChildren(certificate(found, words), print);
}

function startCamera(cameras) {
  show($("camera-box"), cameras.length > 0);
  if (!cameras.length) return;
  video = new Video($("camera"), $("camera-cover"), cameras[0]);
  $("camera-tabs").replaceChildren(
    ...cameras.map((camera) => {
      const attributes = { type: "button", "aria-pressed": String(camera === cameras[0]) };
      const tab = make("button", { data: { camera }, attributes });
      tab.addEventListener("click", () => {
        video.switchTo(camera);
        for (const each of $("camera-tabs").children) each.setAttribute("aria-pressed", String(each === tab));
        canvasLabel();
      });
      return tab;
    }),
  );
  show($("camera-tabs"), cameras.length > 1);
}

function cameraName(camera) {
  return words[`camera.${camera}`] ?? camera;
}

function tabLabel(tab) {
  setText(tab, cameraName(tab.dataset.camera));
}

function canvasLabel() {
  if (video) $("camera").setAttribute("aria-label", `${words.camera}: ${cameraName(video.camera)}`);
}

$("pause").addEventListener("click", () => tell({ do: "pause" }));
$("help").addEventListener("click", () => {
  if (!view.help_called) void tell({ do: "help" });
});
