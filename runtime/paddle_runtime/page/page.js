// The page: one request at a time, the newest wins. Everything shown is text nodes and attributes: an answer
// is never taken for HTML.
import { WORDS } from "./words.js";

const $ = (id) => document.getElementById(id);
const { task, model } = document.documentElement.dataset;
const PICTURES = { OCR: "v1/ocr", Detection: "v1/detect", ImageClassification: "v1/classify" };
const SVG = "http://www.w3.org/2000/svg";

let language = "en";
let words = WORDS.en;
let shown = null; // the last answer with what it was asked for: said again when the language changes
let asking = null; // the AbortController of the request under way
let pictureName = "";

// Languages

function speak(chosen) {
  language = chosen in WORDS ? chosen : "en";
  words = WORDS[language];
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-say]")) {
    element.textContent = words[element.dataset.say];
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
  if (shown) show(shown);
  else if ($("problem").hidden && !asking) $("status").textContent = words.hint;
}

function remembered() {
  try {
    return localStorage.getItem("language");
  } catch {
    return null; // storage is off: the browser's language is as good
  }
}

// Asking

async function ask(path, body, type, name) {
  asking?.abort();
  const mine = (asking = new AbortController());
  clear();
  $("status").textContent = words.working;
  $("result").setAttribute("aria-busy", "true");
  try {
    const response = await fetch(path, {
      method: "POST", body, headers: { "Content-Type": type }, signal: mine.signal,
    });
    const answer = await response.json();
    if (mine !== asking) return;
    if (response.ok) show({ answer, name });
    else fail(answer.error ?? response.statusText, answer.requestId, response.headers.get("retry-after"));
  } catch (error) {
    if (mine === asking && error.name !== "AbortError") fail(words.unreachable);
  } finally {
    if (mine === asking) {
      $("result").removeAttribute("aria-busy");
      if ($("status").textContent === words.working) $("status").textContent = "";
    }
  }
}

function clear() {
  shown = null;
  $("lines").replaceChildren();
  $("boxes").replaceChildren();
  $("problem").hidden = $("times").hidden = $("actions").hidden = true;
  $("request").textContent = "";
}

function fail(message, requestId, retryAfter) {
  $("status").textContent = "";
  $("problem").textContent = retryAfter ? `${message} ${words.retry(retryAfter)}` : message;
  $("problem").hidden = false;
  $("request").textContent = requestId ? words.request(requestId) : "";
}

// Pictures

async function read(file) {
  pictureName = file.name || "";
  preview(file);
  await ask(PICTURES[task], file, file.type || "application/octet-stream", file.name);
}

function preview(file) {
  const picture = $("picture");
  URL.revokeObjectURL(picture.src);
  picture.onload = () => {
    showPicture(true);
    const { naturalWidth: width, naturalHeight: height } = picture;
    $("boxes").setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.alt = words.pictureOf(pictureName, width, height);
  };
  picture.onerror = () => {
    showPicture(false); // a PDF, or a TIFF: read, but no browser shows it
    picture.alt = "";
  };
  picture.src = URL.createObjectURL(file);
}

function showPicture(visible) {
  $("picture").hidden = !visible;
  $("boxes").toggleAttribute("hidden", !visible); // SVG elements have no property of that name
  $("stage").classList.toggle("filled", visible);
}

function drawSample() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 240 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "black";
  const texts = ["Service level agreement 2026", "服务水平协议", "99.9 % available"];
  texts.forEach((text, index) => {
    pen.font = `${index === 1 ? 36 : 32}px "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif`;
    pen.fillText(text, 40, 60 + 70 * index);
  });
  canvas.toBlob((blob) => read(new File([blob], "sample.png", { type: "image/png" })));
}

// Showing

function show(made) {
  shown = made;
  const { answer } = made;
  const entries = entriesOf(answer);
  $("lines").replaceChildren(...entries.map(item));
  $("boxes").replaceChildren(...entries.flatMap(shape));
  $("status").textContent = summary(answer, entries.length);
  $("actions").hidden = entries.length === 0;
  $("request").textContent = answer.id ? words.request(answer.id) : "";
  showTimes(answer.timings ?? {});
}

// One row of the result: {text, score, corners | null, heading | null}.
function entriesOf(answer) {
  if (answer.pages) {
    return answer.pages.flatMap((page) => page.lines.map((line, index) => ({
      text: line.text, score: line.score, corners: null, heading: index ? null : words.page(page.page),
    })));
  }
  if (answer.lines) return answer.lines.map((line) => ({ text: line.text, score: line.score, corners: line.box }));
  if (answer.objects) {
    return answer.objects.map(({ label, score, box: [left, top, right, bottom] }) => ({
      text: label, score, corners: [[left, top], [right, top], [right, bottom], [left, bottom]],
    }));
  }
  if (answer.results) {
    return answer.results.flatMap((one, index) => one.classes.map((found, rank) => ({
      text: found.label, score: found.score, corners: null, heading: rank ? null : asked(index),
    })));
  }
  return (answer.classes ?? []).map(({ label, score }) => ({ text: label, score, corners: null }));
}

const asked = (index) => $("text").value.split("\n").filter((line) => line.trim())[index] ?? "";

function summary(answer, count) {
  const ms = Math.round(answer.timings?.totalMs ?? 0);
  if (count === 0) return words.nothing;
  const said = answer.objects ? words.objects : answer.classes || answer.results ? words.classes : words.found;
  return (answer.pages ? `${words.pages(answer.pages.length)}, ` : "") + said(count, ms);
}

function item(entry, index) {
  const row = document.createElement("li");
  if (entry.heading) {
    row.append(Object.assign(document.createElement("h3"), { textContent: entry.heading }));
  }
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.index = index;
  const text = Object.assign(document.createElement("span"), { className: "said", textContent: entry.text });
  text.lang = /\p{Script=Han}/u.test(entry.text) ? "zh" : "en";
  const score = document.createElement("small");
  score.textContent = Number(entry.score).toFixed(2);
  score.title = words.score(score.textContent);
  score.setAttribute("aria-label", score.title);
  button.append(text, " ", score);
  row.append(button);
  for (const [event, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
    button.addEventListener(event, () => mark(index, on));
  }
  button.addEventListener("click", () => copyText(entry.text));
  return row;
}

function shape(entry, index) {
  if (!entry.corners) return [];
  const polygon = document.createElementNS(SVG, "polygon");
  polygon.setAttribute("points", entry.corners.map((corner) => corner.join(",")).join(" "));
  polygon.dataset.index = index;
  polygon.addEventListener("pointerenter", () => mark(index, true));
  polygon.addEventListener("pointerleave", () => mark(index, false));
  polygon.addEventListener("click", () => $("lines").querySelector(`[data-index="${index}"]`)?.focus());
  return [polygon];
}

function mark(index, on) {
  for (const element of document.querySelectorAll(`#boxes [data-index="${index}"], #lines [data-index="${index}"]`)) {
    element.classList.toggle("marked", on);
  }
}

function showTimes(timings) {
  const stages = Object.entries(timings).map(([name, ms]) => [name.replace(/Ms$/, ""), ms]);
  const longest = Math.max(1e-9, ...stages.filter(([name]) => name !== "total").map(([, ms]) => ms));
  $("stages").replaceChildren(...stages.map(([name, ms]) => {
    const row = document.createElement("tr");
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: words.stages[name] ?? name });
    const cell = document.createElement("td");
    const meter = document.createElement("span");
    meter.className = name === "total" ? "" : "bar-of-time";
    meter.style.setProperty("--share", Math.min(1, ms / longest));
    cell.append(meter, ms.toFixed(1));
    row.append(head, cell);
    return row;
  }));
  $("times").hidden = stages.length === 0;
}

// Taking away

const allText = () => entriesOf(shown.answer).map((entry) => entry.text).join("\n");

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    $("status").textContent = words.copied;
  } catch {
    $("status").textContent = words.notCopied; // not over https, or forbidden
  }
}

function save(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const stem = () => (shown.name || model).replace(/\.[^.]*$/, "");

// Wiring

function takePictures() {
  $("picture-input").hidden = false;
  $("file").addEventListener("change", () => {
    if ($("file").files.length) read($("file").files[0]);
    $("file").value = ""; // so that the same file can be chosen again
  });
  $("sample").addEventListener("click", drawSample);
  for (const event of ["dragover", "dragenter"]) {
    document.addEventListener(event, (dragged) => {
      dragged.preventDefault();
      $("stage").classList.add("over");
    });
  }
  document.addEventListener("dragleave", (left) => {
    if (!left.relatedTarget) $("stage").classList.remove("over");
  });
  document.addEventListener("drop", (dropped) => {
    dropped.preventDefault();
    $("stage").classList.remove("over");
    if (dropped.dataTransfer.files.length) read(dropped.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (pasted) => {
    const [file] = pasted.clipboardData.files;
    if (file) read(file);
    else $("status").textContent = words.pasteNothing;
  });
}

function takeTexts() {
  $("text-input").hidden = false;
  $("text-input").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const texts = $("text").value.split("\n").filter((line) => line.trim());
    if (texts.length) ask("v1/classify", JSON.stringify({ texts }), "application/json", "texts");
  });
}

async function takeTensors() {
  $("tensor-input").hidden = false;
  const response = await fetch(`v2/models/${encodeURIComponent(model)}`);
  $("metadata").textContent = JSON.stringify(await response.json(), null, 2);
}

// Arrows move along the lines, as in every list.
$("lines").addEventListener("keydown", (pressed) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[pressed.key];
  if (!step) return;
  const buttons = [...$("lines").querySelectorAll("button")];
  buttons[buttons.indexOf(document.activeElement) + step]?.focus();
  pressed.preventDefault();
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    speak(button.dataset.language);
    try {
      localStorage.setItem("language", language);
    } catch {
      // storage is off: it holds until the page is left
    }
  });
}
$("copy").addEventListener("click", () => copyText(allText()));
$("save-text").addEventListener("click", () => save(`${stem()}.txt`, "text/plain;charset=utf-8", allText() + "\n"));
$("save-json").addEventListener("click", () =>
  save(`${stem()}.json`, "application/json", JSON.stringify(shown.answer, null, 2) + "\n"));

speak(remembered() ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
if (task in PICTURES) takePictures();
else if (task === "TextClassification") takeTexts();
else takeTensors();
document.documentElement.dataset.loaded = "true";
