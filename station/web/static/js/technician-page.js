// What every page for technicians does: words and languages, the notice, signing in, and showing the page to technicians alone.

import { post } from "./act.js";
import { $, setText, show } from "./dom.js";
import { Link } from "./link.js";
import { SignIn } from "./sign-in.js";
import { fillTongues } from "./tongues.js";

export class TechnicianPage {
  signIn;
  #phrases;
  #there;
  #title;
  #heard;
  #sorted;
  #lostWord;
  #words = {};
  #state;

  // `phrases` begins the page's own words (`<phrases>.sign_in_first`, `.only_technicians`; `.none` where the station lacks
  // what the page is about, which is when `there` is false). `title` makes the tab's title of the words. `heard` gets each
  // message of the state, `sorted` whether a technician has the page, after each change of words or of who is signed in.
  // `lost` names the sentence for a station that does not answer.
  constructor({ people, phrases, there = true, title, heard, sorted, lost = () => "connection.lost" }) {
    this.#phrases = phrases;
    this.#there = there;
    this.#title = title;
    this.#heard = heard;
    this.#sorted = sorted;
    this.#lostWord = lost;
    this.signIn = new SignIn({ people, changed: () => this.sort(), say: (text) => this.say(text) });
    this.#state = new Link("/ws/state?page=console", { message: (message) => this.#message(message), lost: () => this.#lost() });
  }

  say(text, kind = "") {
    $("notice").dataset.kind = kind;
    setText($("notice"), text);
    show($("notice"), Boolean(text));
  }

  // The page where a technician has it, else the sentence that says why not.
  sort() {
    const technician = this.signIn.role === "technician" && this.#there;
    show($("page"), technician);
    show($("closed"), !technician);
    const why = !this.#there ? "none" : this.signIn.role ? "only_technicians" : "sign_in_first";
    $("closed").dataset.word = `${this.#phrases}.${why}`;
    setText($("closed"), this.#words[$("closed").dataset.word] ?? "");
    this.#sorted(technician);
  }

  // The station no longer knows who is signed in.
  signedOut() {
    this.signIn.set("", "", "");
    this.say(this.#words["arm.signed_out"]);
  }

  // Asks the station for something; `text` is empty when it is done, else the sentence that says why not.
  async wish(path, body) {
    const { status, body: answer } = await post(path, body, this.signIn.token);
    if (status === 401) this.signIn.set("", "", "");
    const own = { 403: `${this.#phrases}.only_technicians`, 404: `${this.#phrases}.none` }[status];
    const wrong = this.#words[{ 401: "arm.signed_out", 409: "stale" }[status] ?? own] ?? this.#words.error;
    return { good: status === 200, text: status === 200 ? "" : (answer.text ?? wrong) };
  }

  #message(message) {
    document.body.dataset.connected = "true";
    if ($("notice").dataset.kind === "lost") this.say("");
    if (message.kind === "words") this.#speak(message);
    else this.#heard(message);
  }

  #speak(message) {
    const { words, language } = message;
    this.#words = words;
    document.documentElement.lang = language;
    document.title = `${this.#title(words)} · ${words.title}`;
    for (const element of document.querySelectorAll("[data-word]")) setText(element, words[element.dataset.word]);
    const choose = (id) => this.#state.move(`/ws/state?page=console&language=${id}`);
    fillTongues($("languages"), message.languages, language, words, choose);
    this.signIn.show(words);
    this.#heard(message);
    this.sort();
  }

  #lost() {
    document.body.dataset.connected = "false";
    if (this.#words.title) this.say(this.#words[this.#lostWord()], "lost");
  }
}
