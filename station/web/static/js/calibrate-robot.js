// The page of the arm's calibration: what to do now, how far it is, what the cameras saw, and what comes of it.
// The arm moves only while this page looks: closed, or hidden behind another, it lets the arm stand still.

import { post } from "./act.js";
import { $, make, refill, setText, show } from "./dom.js";
import { TechnicianPage } from "./technician-page.js";

const EVERY_MS = 400;
const OLD_MS = 2500;
// Whatever stands where the last question's button stood was not read sooner: a second click of one hand is no answer to it.
const READ_MS = 700;

let words = {};
let language = "";
let now = null;
let askedAt = -Infinity;
let looking = false;
const shown = new Map();

const about = await (await fetch("/about.json")).json();
const page = new TechnicianPage({
  people: about.people,
  phrases: "robot_run",
  title: () => words.robot_run,
  heard,
  sorted: look,
  lost: () => (now?.doing === "wanted" ? "robot_run.handing_over" : "connection.lost"),
});
page.signIn.follow($("to-calibration"));
page.signIn.follow($("to-report"));
setInterval(look, EVERY_MS);

$("begin").addEventListener("click", () => wish({ do: "begin", job: (now.doing === "broken" && now.job) || "calibrate" }));
$("pointer-on").addEventListener("click", () => wish({ do: "pointer_on" }));
$("pause").addEventListener("click", () => wish({ do: "pause" }));
$("accept").addEventListener("click", () => wish({ do: "accept" }));
$("discard").addEventListener("click", () => wish({ do: "discard" }));

function heard(message) {
  if (message.kind === "words") ({ words, language } = message);
}

function asked(path) {
  return fetch(path, { headers: { Authorization: `Bearer ${page.signIn.token}` } });
}

async function look() {
  document.body.dataset.fed = String(performance.now() - askedAt < OLD_MS);
  if (looking || !language || $("page").hidden || document.hidden) return;
  looking = true;
  try {
    const answer = await asked(`/calibrate/robot/view?language=${language}`);
    if (answer.status === 401) page.signedOut();
    if (!answer.ok) return;
    now = await answer.json();
    askedAt = performance.now();
    document.body.dataset.fed = "true";
    draw();
    await pictures();
  } catch (problem) {
    if (!(problem instanceof TypeError)) throw problem;
  } finally {
    looking = false;
  }
}

function draw() {
  const { doing } = now;
  document.body.dataset.doing = doing;
  document.body.dataset.moving = String(now.moving);
  setText($("say"), now.say);
  setText($("question"), now.question?.text ?? "");
  refill($("answers"), [now.question, words.robot_run], answers);
  show($("begin"), ["idle", "broken"].includes(doing) && !now.visit);
  setText($("begin"), words[doing === "broken" ? "robot_run.again" : "robot_run.begin"]);
  setText($("board-on"), now.board_on);
  for (const part of [$("board-on"), $("pointer-on")]) show(part, Boolean(now.board_on));
  show($("pause"), doing === "wanted" || doing === "running");
  show($("progress"), doing === "running" && now.poses > 0);
  setText($("count"), now.progress);
  $("bar").max = now.poses || 1;
  $("bar").value = now.taken;
  $("bar").setAttribute("aria-label", words["robot_run.bar"]);
  refill($("results"), [now.results, words.robot_run], () => now.results.map(result));
  show($("accept"), doing === "result");
  show($("discard"), ["result", "broken", "kept"].includes(doing) && !now.board_on);
  setText($("discard"), words[doing === "kept" ? "robot_run.close" : "robot_run.discard"]);
  show($("to-report"), doing === "kept" && now.job !== "reference");
  show($("no-pictures"), now.cameras.length === 0);
  refill($("refused"), [now.refused, words.robot_run], refused);
  refill($("news"), [now.news, words.robot_run], news);
}

function answers() {
  if (!now.question) return [];
  const { number } = now.question;
  return now.question.answers.map(({ answer, text }) => {
    const button = make("button", { className: "main-button", text, attributes: { type: "button" }, data: { answer, number: String(number) } });
    button.addEventListener("click", () => wish({ do: "answer", number, answer }));
    if (answer !== "done") {
      button.disabled = true;
      setTimeout(() => { button.disabled = false; }, READ_MS);
    }
    return button;
  });
}

function result(each) {
  return make("article", { className: "robot-result", data: { enough: String(each.good) } }, [
    make("h3", { text: each.title }),
    ...(each.error ? [make("p", { className: "error", text: each.error })] : []),
    make("p", { text: each.text, attributes: { lang: each.language } }),
    make("code", { text: each.id }),
  ]);
}

function refused() {
  if (!now.refused.length) return [];
  return [
    make("h3", { text: words["robot_run.refused"] }),
    make("ul", {}, now.refused.map(({ where, why }) => make("li", {}, [make("span", { text: `${where} ` }), make("span", { text: why, attributes: { lang: "en" } })]))),
  ];
}

function news() {
  if (!now.news.length) return [];
  const lines = make("ul", { attributes: { lang: "en" } }, now.news.toReversed().map((text) => make("li", { text })));
  return [make("h3", { text: words["robot_run.news"] }), lines];
}

// The newest picture of each camera that the run has taken, fetched when there is a newer one.
async function pictures() {
  for (const { name, number } of now.cameras) {
    let figure = shown.get(name);
    if (!figure) {
      const image = make("img", { attributes: { alt: `${words["robot_run.camera"]} ${name}` } });
      figure = { image, number: 0, box: make("figure", {}, [image, make("figcaption", { text: `${words["robot_run.camera"]} ${name}` })]) };
      shown.set(name, figure);
      $("pictures").append(figure.box);
    }
    if (figure.number === number) continue;
    const answer = await asked(`/calibrate/robot/picture/${encodeURIComponent(name)}`);
    if (!answer.ok) continue;
    const before = figure.image.src;
    figure.image.src = URL.createObjectURL(await answer.blob());
    figure.number = number;
    if (before) URL.revokeObjectURL(before);
  }
  if (now.cameras.length) return;
  shown.clear();
  $("pictures").replaceChildren();
}

// Between two lives of the station nobody answers for some seconds: what moves nothing is told again until somebody does.
async function told(body) {
  const tries = body.do === "answer" ? 1 : 20;
  for (let left = tries; ; left -= 1) {
    const answer = await post(`/calibrate/robot/wish?language=${language}`, body, page.signIn.token);
    if (answer.status !== 0 || left <= 1) return answer;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

async function wish(body) {
  const { status, body: answer } = await told(body);
  if (status === 401) page.signIn.set("", "", "");
  const wrong = { 401: "arm.signed_out", 403: "robot_run.only_technicians" }[status] ?? "error";
  $("outcome").dataset.bad = String(status !== 200);
  setText($("outcome"), status === 200 ? "" : (answer.text ?? words[wrong]));
  await look();
}

document.addEventListener("visibilitychange", look);
