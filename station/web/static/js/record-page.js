// The record on a page of its own, for paper.

import { $, setText } from "./dom.js";
import { certificate } from "./record.js";

const answer = await fetch(`/record.json${location.search}`);
const { record, language, words } = await answer.json();
document.documentElement.lang = language;
document.title = `${words.record} · ${words.title}`;
setText($("print"), words["record.print"]);
setText($("back"), words.back);
$("print").hidden = record === null;
$("print").addEventListener("click", () => print());
setText($("title"), words.record);
if (record) $("paper").replaceChildren(certificate(record, words));
else setText($("paper"), words["record.none"]);
