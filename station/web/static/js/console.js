// The technicians' page: what is wrong with numbers, what is waited for, and saying what was mended.

import { post, wordFor } from "./act.js";
import { $, make, refill, setText, show } from "./dom.js";
import { Link } from "./link.js";
import { overrideItem } from "./record.js";
import { drawZones } from "./overlay.js";
import { keepingFocus, reasoned } from "./reason.js";
import { Rundowns, measured } from "./rundowns.js";
import { SignIn } from "./sign-in.js";
import { fillTongues } from "./tongues.js";
import { Video } from "./video.js";

let words = {};
let view = null;

const about = await (await fetch("/about.json")).json();
const signIn = new SignIn({ people: about.people, changed: () => view && draw(), say });
show($("to-arm"), about.arm);
signIn.follow($("to-arm"));
show($("to-eyes"), about.eyes);
show($("to-calibration"), about.calibrations);
signIn.follow($("to-eyes"));
signIn.follow($("to-calibration"));
show($("to-torque"), about.torque);
signIn.follow($("to-torque"));
const pictures = about.cameras.map(small);
$("views").replaceChildren(...pictures.map(({ frame }) => frame));
const rundowns = new Rundowns($("rundowns"), $("curve"));
const link = new Link("/ws/state?page=console", { message: heard, lost });

function heard(message) {
  if (message.kind === "words") {
    ({ words } = message);
    document.documentElement.lang = message.language;
    setText($("title"), words["console"]);
    document.title = `${words.console} · ${words.title}`;
    for (const element of document.querySelectorAll("[data-word]")) setText(element, words[element.dataset.word]);
    fillTongues($("languages"), message.languages, message.language, words, (id) => {
      link.move(`/ws/state?page=console&language=${id}`);
    });
    signIn.show(words);
    for (const { name, canvas, cover } of pictures) {
      canvas.setAttribute("aria-label", `${words["camera.title"]} ${name}`);
      setText(cover, words["camera.old"]);
    }
  } else {
    view = message.view;
    document.body.dataset.connected = "true";
    document.body.dataset.version = message.version;
    if ($("notice").dataset.kind === "lost") say("");
    keepingFocus(draw);
  }
}

function lost() {
  document.body.dataset.connected = "false";
  if (view) say(words["connection.lost"], "lost");
}

function say(text, kind = "") {
  $("notice").dataset.kind = kind;
  setText($("notice"), text);
  show($("notice"), Boolean(text));
}

async function tell(ask) {
  const answer = await post("/act", { visit: view.visit, ...ask }, signIn.token);
  if (answer.status === 401) signIn.set("", "", "");
  const word = wordFor(answer);
  say(word ? words[word] : "");
  return !word;
}

function draw() {
  setText($("visit"), [view.visit, view.visitor, view.car, view.step, view.outcome].filter(Boolean).join(" · "));
  setText($("sentence"), view.sentence);
  refill($("faults"), [view.faults, signIn.role, view.language], () =>
    view.faults.length ? view.faults.map(fault) : [make("li", { className: "none", text: words["console.no_faults"] })],
  );
  refill($("facts"), view.waiting_for, () => view.waiting_for.map((text) => make("li", {}, [make("code", { text })])));
  refill($("devices"), view.devices, () => view.devices.map(line));
  refill($("cameras"), view.cameras, () => view.cameras.map(line));
  refill($("lock"), [view.interlock, view.language], () => linesOr(view.interlock, "console.lock.none"));
  refill($("health"), [view.health, view.language], () =>
    view.health.length
      ? view.health.map(({ device, code, detail }) =>
          make("li", {}, [make("strong", { text: `${device} ` }), make("code", { text: code }), make("p", { text: detail })]),
        )
      : [make("li", { text: words["console.health.none"] })],
  );
  refill($("overrides"), [view.overrides, view.language], () =>
    view.overrides.length
      ? view.overrides.map(overrideItem)
      : [make("li", { text: words["console.overrides.none"] })],
  );
  rundowns.show(view.rundowns, words, view.language);
  refill($("joints"), view.joints, () =>
    view.joints.map((joint) =>
      make("li", { data: { status: joint.status } }, [
        make("span", { text: joint.name }),
        make("span", { text: joint.status_text }),
        make("span", { text: joint.torque_nm === null ? "" : measured(joint, words) }),
      ]),
    ),
  );
  refill($("visit-buttons"), [view.phase, view.paused, view.help_called, view.undo, signIn.role, view.language], buttons);
}

// A live picture with the zones over it.
function small(name) {
  const canvas = make("canvas", { attributes: { width: 640, height: 360, role: "img" } });
  const cover = make("p", { className: "camera-cover" });
  new Video(canvas, cover, name, drawZones);
  return { name, canvas, cover, frame: make("div", { className: "camera-frame" }, [canvas, cover]) };
}

function line({ name, good, text }) {
  return make("li", { data: { good: String(good) } }, [make("span", { text: name }), make("span", { text })]);
}

function linesOr(lines, none) {
  return lines.length ? lines.map(line) : [make("li", { text: words[none] })];
}

function button(text, action) {
  const element = make("button", { className: "quiet", text, attributes: { type: "button" } });
  element.addEventListener("click", action);
  return element;
}

function buttons() {
  if (view.phase !== "running") return [];
  const found = [
    view.paused
      ? button(words.continue, () => tell({ do: "resume" }))
      : button(words.pause_program, () => tell({ do: "pause" })),
  ];
  if (view.help_called && signIn.role) found.push(button(words["console.answered"], () => tell({ do: "help_answered" })));
  if (signIn.role === "technician") {
    const end = [words["console.end_visit"], (reason) => tell({ do: "abandon", reason })];
    const { undo } = view;
    const back = undo ? [[undo.text, (reason) => tell({ do: "use_right", right: "undo", subject: undo.step, reason })]] : [];
    found.push(reasoned("visit", [...back, end], words));
  }
  return found;
}

function fault(each) {
  const parts = [
    make("p", { className: "fault-head" }, [
      make("strong", { text: each.number }),
      make("code", { text: each.code }),
      make("span", { text: each.subject }),
    ]),
    make("p", { text: each.technician }),
  ];
  if (each.clear_by === "visitor" && each.ready) {
    parts.push(button(words.acknowledge, () => tell({ do: "acknowledge", code: each.code })));
  }
  if (each.clear_by === "technician" && signIn.role === "technician") {
    const { code, subject } = each;
    const mended = [words["console.acknowledge"], (reason) => tell({ do: "acknowledge", code, reason })];
    const rights = each.rights.map(({ right, text }) => [text, (reason) => tell({ do: "use_right", right, subject, reason })]);
    const choices = each.ready ? [...rights, mended] : rights;
    if (choices.length) parts.push(reasoned(`${code}/${subject}`, choices, words));
  }
  return make("li", { data: { holds: String(each.holds), code: each.code } }, parts);
}
