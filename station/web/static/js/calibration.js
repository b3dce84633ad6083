// The page of the calibrations: what stands, what the daily check says, how things drift, the way back, and reports.

import { post } from "./act.js";
import { sureButton } from "./arm-sure.js";
import { fillDrift } from "./calibration-drift.js";
import { $, make, refill, setText, show } from "./dom.js";
import { keepingFocus } from "./reason.js";
import { TechnicianPage } from "./technician-page.js";

const EVERY_MS = 3000;

let words = {};
let language = "";
let now = null;
let busy = false;
const drafts = new Map();

const about = await (await fetch("/about.json")).json();
const page = new TechnicianPage({ people: about.people, phrases: "calibration", there: about.calibrations, title: () => words.calibration, heard, sorted: look });
page.signIn.follow($("to-console"));
$("check").addEventListener("click", () => (about.robot ? wholeCheck() : measured({ do: "check" }, "calibration.checked")));
$("check-cameras").addEventListener("click", () => measured({ do: "check" }, "calibration.checked"));
$("reference").addEventListener("click", () => (about.robot ? atBench({ job: "reference" }) : measured({ do: "reference" }, "calibration.reference.taken")));
page.signIn.follow($("to-robot"));
show($("check-cameras"), about.robot);
if (about.robot) $("daily-help").dataset.word = "calibration.daily.help.whole";
for (const button of document.querySelectorAll("[data-form]")) {
  button.addEventListener("click", () => reported(button.dataset.form));
}
setInterval(look, EVERY_MS);

function heard(message) {
  if (message.kind !== "words") return;
  ({ words, language } = message);
  lenses();
}

// Each camera's lens is calibrated on a page of its own; the session goes along.
function lenses() {
  const links = about.cameras.map((name) => make("a", { className: "quiet", text: `${words.lens} ${name}`, attributes: { href: `/calibrate/camera/${encodeURIComponent(name)}` } }));
  if (about.robot) links.push(make("a", { className: "quiet", text: words["robot_run.open"], attributes: { href: "/calibrate/robot" } }));
  for (const link of links) page.signIn.follow(link);
  $("lenses").replaceChildren(...links);
}

async function look() {
  if (!language || $("page").hidden || document.hidden) return;
  const answer = await asked(`/calibration/view?language=${language}`);
  if (!answer?.ok) return;
  now = await answer.json();
  document.body.dataset.fed = "true";
  draw();
}

async function asked(path) {
  try {
    const answer = await fetch(path, { headers: { Authorization: `Bearer ${page.signIn.token}` } });
    if (answer.status === 401) page.signedOut();
    return answer;
  } catch (problem) {
    if (problem instanceof TypeError) return null;
    throw problem;
  }
}

function draw() {
  if (!now) return;
  setText($("refusal"), now.refusal);
  show($("refusal"), Boolean(now.refusal));
  for (const button of [$("check"), $("check-cameras"), $("reference")]) button.disabled = busy || Boolean(now.refusal);
  for (const button of [$("check"), $("check-cameras")]) button.disabled ||= !now.referenced;
  show($("rundown"), about.robot && now.series.length > 0);
  refill($("series"), [now.series, language], () => ["", ...now.series].map((name) => make("option", { text: name || words["calibration.rundown.none"], attributes: { value: name } })));
  refill($("daily"), [now.daily, now.referenced, language], () => daily(now.daily));
  refill($("drift"), [now.drift, language], () => fillDrift(now.drift, words));
  keepingFocus(() => refill($("rows"), [now.rows, now.refusal, language], () => [table(now.rows)]));
}

function daily(check) {
  if (!check) return [make("p", { text: words[now.referenced ? "calibration.daily.never" : "calibration.daily.no_reference"] })];
  const verdict = !(check.good && check.current) ? "bad" : check.whole ? "good" : "open";
  const headline = { bad: check.good ? "calibration.daily.old" : "calibration.daily.bad", open: "calibration.daily.part", good: "calibration.daily.good" }[verdict];
  return [
    make("p", { className: "headline", text: words[headline], data: { verdict } }),
    make(
      "ul",
      { className: "devices" },
      check.devices.map((device) =>
        make("li", { data: { device: device.device, good: String(device.good), found: device.found } }, [
          make("div", { className: "device-text" }, [...told(device), ...filed(device)]),
        ]),
      ),
    ),
    make("p", { className: "hint", text: `${check.age} · ${check.by} · ${words["calibration.until"]} ${check.expires} UTC` }),
  ];
}

// A verdict and what to do, in the page's language.
function told(each) {
  return [
    make("span", { text: each.text, attributes: { lang: each.text_language } }),
    ...(each.advice ? [make("span", { className: "hint", text: each.advice, attributes: { lang: each.advice_language } })] : []),
  ];
}

// Folded away: the sentences of the file itself.
function filed(each) {
  if (!each.filed) return [];
  const title = make("summary", { text: words["calibration.filed"] });
  return [make("details", { className: "filed" }, [title, make("span", { text: each.filed, attributes: { lang: "en" } })])];
}

function table(rows) {
  if (!rows.length) return make("p", { text: words["calibration.all.none"] });
  const heads = ["what", "verdict", "text", "made", "until", "id"];
  const head = make("tr", {}, [
    ...heads.map((key) => make("th", { text: words[`calibration.head.${key}`], attributes: { scope: "col" } })),
  ]);
  const box = make("div", { className: "scroll", attributes: { tabindex: "0", role: "region", "aria-label": words["calibration.all"] } });
  box.append(make("table", {}, [make("thead", {}, [head]), make("tbody", {}, rows.flatMap(row))]));
  return box;
}

function row(each) {
  const until = [each.expires, each.uses ? `${each.uses} ${words["calibration.uses"]}` : ""].filter(Boolean).join(" · ");
  const cells = [
    make("th", { text: each.title, attributes: { scope: "row" } }),
    make("td", {}, [make("span", { className: "verdict", text: words[`calibration.verdict.${each.verdict}`], data: { verdict: each.verdict } })]),
    make("td", {}, [
      ...told(each),
      ...(each.why ? [make("span", { className: "why", text: each.why })] : []),
      ...(each.earlier.length ? [back(each)] : []),
      ...filed(each),
    ]),
    make("td", { text: `${each.age} · ${each.by}` }),
    make("td", { text: until || words["calibration.until.moved"] }),
    make("td", {}, [make("code", { text: each.id })]),
  ];
  return [make("tr", { data: { kind: each.kind, subject: each.subject, verdict: each.verdict } }, cells)];
}

// The way back to an earlier calibration: which, why, and a second press.
function back(each) {
  const about = `${each.kind}-${each.subject}`;
  const draft = drafts.get(about) ?? { to: each.earlier[0].id, why: "", open: false };
  drafts.set(about, draft);
  if (!each.earlier.some((line) => line.id === draft.to)) draft.to = each.earlier[0].id;
  const choice = make("select", { data: { keep: `${about}-to` } }, each.earlier.map((line) => {
    const option = make("option", { text: `${line.utc} · ${line.by} · ${line.why} · ${line.id.slice(-8)}`, attributes: { value: line.id } });
    option.selected = line.id === draft.to;
    return option;
  }));
  choice.addEventListener("change", () => (draft.to = choice.value));
  const reason = make("input", { data: { keep: `${about}-why` }, attributes: { type: "text", maxlength: "200", autocomplete: "off" } });
  reason.value = draft.why;
  const sure = sureButton(words["calibration.back"], words["calibration.back.warning"], words["calibration.back.sure"], words.cancel, () => goBack(each, draft));
  const button = sure.querySelector("button");
  const may = () => (button.disabled = !reason.value.trim() || Boolean(now.refusal));
  reason.addEventListener("input", () => {
    draft.why = reason.value;
    may();
  });
  may();
  const details = make("details", { className: "back" }, [
    make("summary", { text: words["calibration.back.title"], data: { keep: `${about}-open` } }),
    make("label", {}, [make("span", { text: words["calibration.back.to"] }), choice]),
    make("label", {}, [make("span", { text: words["console.reason"] }), reason]),
    sure,
  ]);
  details.open = draft.open;
  details.addEventListener("toggle", () => (draft.open = details.open));
  return details;
}

async function goBack(each, draft) {
  const body = { do: "roll_back", kind: each.kind, subject: each.subject, to: draft.to, why: draft.why };
  const good = await wish(body, $("outcome"), "calibration.back.done");
  if (good) drafts.delete(`${each.kind}-${each.subject}`);
  await look();
}

// Cameras, arm and the test rundown that was made: the station hands its bench over, and its page asks for the rest.
async function wholeCheck() {
  const series = $("series").value;
  const reading = Number($("reading").value.trim().replace(",", "."));
  if (series && !(reading > 0)) {
    outcome($("checked"), words["verify.not_a_number"], true);
    return;
  }
  await atBench(series ? { job: "check", series, reading_nm: reading } : { job: "check" });
}

async function atBench(job) {
  const { status, body: answer } = await post(`/calibrate/robot/wish?language=${language}`, { do: "begin", ...job }, page.signIn.token);
  if (status === 200) $("to-robot").click();
  else outcome($("checked"), answer.text ?? words.error, true);
}

async function measured(body, done) {
  busy = true;
  draw();
  outcome($("checked"), words["calibration.measuring"], false);
  await wish(body, $("checked"), done);
  busy = false;
  await look();
}

async function wish(body, place, done) {
  const { status, body: answer } = await post(`/calibration/wish?language=${language}`, body, page.signIn.token);
  if (status === 401) page.signIn.set("", "", "");
  const wrong = { 401: "arm.signed_out", 403: "calibration.only_technicians", 404: "calibration.none" }[status] ?? "error";
  outcome(place, status === 200 ? words[done] : (answer.text ?? words[wrong]), status !== 200);
  return status === 200;
}

async function reported(form) {
  outcome($("reported"), words["calibration.report.making"], false);
  const answer = await asked(`/calibration/report?form=${form}`);
  if (!answer?.ok) {
    outcome($("reported"), words.error, true);
    return;
  }
  const url = URL.createObjectURL(await answer.blob());
  const link = make("a", { attributes: { href: url, download: `calibration-${new Date().toISOString().slice(0, 10)}.${form}` } });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  outcome($("reported"), words["calibration.report.made"], false);
}

function outcome(place, text, bad) {
  place.dataset.bad = String(bad);
  setText(place, text);
}

document.addEventListener("visibilitychange", look);
