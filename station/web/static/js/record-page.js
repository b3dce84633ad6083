// The record on a page of its own, for paper.

import { $, setText } from "./dom.js";
import { certificate, curvesOf } from "./record.js";

const answer = await fetch(`/record.json${location.search}`);
const { record, language, words } = await answer.json();
document.documentElement.lang = language;
document.title = `${words.record} · ${words.title}`;
setText($("print"), words["record.print"]);
setText($("back"), words.back);
$("print").addEventListener("click", () => print());
setText($("title"), words.record);
if (record) {
  const paper = certificate(record, words);
  $("paper").replaceChildren(paper);
  paper.append(...(await curvesOf(record, words)));
  $("print").hidden = false;
} else setText($("paper"), words["record.none"]);
