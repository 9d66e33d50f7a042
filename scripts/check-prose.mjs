// Finds constructions that make a sentence hard to read. `npm run lint:prose` runs it, and any finding fails. It reads Markdown, the
// comments and strings of `src` and `scripts`, style sheets, the comments of `.ci`, and the comments and titles of tests.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const SKIPPED = /^(?:test\/fixtures\/|scripts\/check-prose\.mjs$|src\/operations\/redact\/secrets\/vendor-rules\.ts$)/;

/** Stands where there is no prose; no sentence crosses it. */
const GAP = '\0';
/** Marks the beginning of a test's title. */
const TITLE = '\ue000';
/** Stands for code within a sentence. */
const WORD = 'x';

/**
 * Every pattern is linear. `start`: only at the beginning of a statement. `title`: only at the beginning of a test's title.
 * `instead` completes the sentence "Write …".
 */
const RULES = [
  {
    pattern: /(?:What|Who|Whoever|Whatever|One (?:that|who|whose|which)|Those (?:that|who|whose|which))\s/g,
    at: 'start',
    instead: 'the component as the subject: "The supervisor ends orphans", "The result of one check"',
  },
  {
    pattern: /ones?\s(?:that|who|whose|which)\b/gi,
    at: 'title',
    instead: 'the subject, so that the title reads alone',
  },
  { pattern: /\b(?:bears?|bore|borne|bearing)\b/gi, instead: '"has", or "started by …" for marks' },
  { pattern: /\bhang(?:s|ing)?\s(?:below|under|beneath|where|there|from|off)\b/gi, instead: '"is a descendant of"' },
  { pattern: /\bmend(?:s|ed|ing)?\b/gi, instead: '"fix"' },
  { pattern: /\b(?:tak(?:e|es|ing|en)|took)\sin\b/gi, instead: '"stores", "reads" or "adopts"' },
  { pattern: /\blet(?:s|ting)?\sgo\b/gi, instead: '"releases" or "no longer uses"' },
  {
    pattern: /\bsp(?:eaks?|oke|oken|eaking)\s(?:against|for|of|about|up)\b/gi,
    instead: '"is evidence for" or "names"',
  },
  { pattern: /\b(?:comes?|came)\sto\s(?:mean|be|know|have|belong|each|that)\b/gi, instead: '"becomes" or "is"' },
  { pattern: /\b(?:tells?|told)\s(?:of|how|what|whether|who|whom|why|from)\b/gi, instead: '"reports" or "shows"' },
  { pattern: /\b(?:is|are|was|were)\ssaid\b/gi, instead: 'who says it: "The worker answers …"' },
  { pattern: /\b(?:is|are|was|were)\sto\s(?:be|end|do|go|have|run|begin|start)\b/gi, instead: '"must" or "will"' },
  { pattern: /\bbe\shad\b/gi, instead: '"is available"' },
  { pattern: /\ball\sthe\ssame\b/gi, instead: '"anyway", or nothing' },
  { pattern: /\b(?:what|who)ever\b/gi, instead: 'what is meant: "any process", "all files"' },
  { pattern: /\bnobody\b(?!\))/gi, instead: '"no process", "no user" or "no client"' },
  { pattern: /\bat\sonce\b/gi, instead: '"immediately" or "at the same time"' },
  { pattern: /\banew\b/gi, instead: '"again"' },
  { pattern: /\bfor\s(?:good|ever)\b/gi, instead: '"permanently"' },
  { pattern: /\bof\sours\b/gi, instead: '"a claude-mem process"' },
  { pattern: /\bof\sthe\skind\b/gi, instead: 'the thing itself' },
  { pattern: /\b(?:cannot|could\snot|can)\sbe\s(?:had|told)\b/gi, instead: '"is not available" or "is unknown"' },
  { pattern: /\bunless\s(?:told|said)\b/gi, instead: '"by default"' },
  { pattern: /\bis\stold\b/gi, instead: '"is decided by", "gets" or "names"' },
  { pattern: /\bsome(?:body|one)\selse[’']?s?\b/gi, instead: '"another user" or "another process"' },
  { pattern: /\bnot\sat\shand\b/gi, instead: '"is not available"' },
  { pattern: /(?:is|are|that|has|if)\s/g, at: 'title', instead: 'the subject, so that the title reads alone' },
  { pattern: /\bbesides:/gi, instead: '"Also found:"' },
  { pattern: /\baccus(?:e|es|ed|ing)\b/gi, instead: '"report as a leak"' },
  { pattern: /;[^.;:!?|\0]{1,300};[^.;:!?|\0]{1,300}[.!?]/g, instead: 'one fact a sentence, split at the semicolons' },
];

const findings = listFiles().flatMap(findingsOf);
for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exitCode = 1;

function listFiles() {
  const documents = ['.', 'docs'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => join(folder, name)),
  );
  const sources = ['src', 'scripts', 'test', '.ci'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name)),
  );
  return [
    ...documents.filter((file) => /\.(?:md|yml)$/.test(file)),
    ...sources.filter((file) => /\.m?ts$|\.(?:mjs|css|sh)$|^\.ci\/(?:run$|heavy\/[a-z])/.test(file)),
  ]
    .filter((file) => !SKIPPED.test(file))
    .sort();
}

function findingsOf(file) {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const prose = proseOf(file, text);
  return RULES.flatMap((rule) =>
    [...prose.matchAll(rule.pattern)]
      .filter((match) => counts(prose, match, rule.at))
      .map((match) => ({ match, rule })),
  )
    .sort((left, right) => left.match.index - right.match.index)
    .map(({ match: { 0: words, index }, rule }) => {
      const line = text.slice(0, index).split('\n').length;
      const quote = text
        .slice(index, index + words.length)
        .replaceAll(/\s+/g, ' ')
        .trim();
      return `${file}:${line}: "${quote.length > 60 ? `${quote.slice(0, 60)}…` : quote}". Write ${rule.instead}.`;
    });
}

/** The text with everything but prose blanked out, character for character. */
function proseOf(file, text) {
  if (/\.(?:md|yml)$/.test(file)) return proseOfDocument(text);
  if (file.endsWith('.css')) return commentsOf(text, /\/\*[^]*?\*\//g);
  if (/\.sh$|^\.ci\/(?:run|heavy\/.*)$/.test(file)) return commentsOf(text, /(?<=^|\s)#(?!!)[^\n]*/gm);
  return proseOfCode(file, text);
}

function counts(prose, { 0: words, index }, at) {
  if (at === undefined) return true;
  const before = prose.slice(Math.max(0, index - 200), index).trimEnd();
  if (at === 'title') return before.endsWith(TITLE);
  if (before !== '' && !/[.!?:|*\0\ue000]$/.test(before)) return false;
  // A question may begin like this.
  const rest = prose.slice(index + words.length, index + 500);
  return !/^[^.!|\0\ue000]*\?/.test(rest);
}

function commentsOf(text, pattern) {
  const characters = [...blank(text)];
  copyComments(text, characters, 0, text.length, pattern);
  return characters.join('');
}

function proseOfDocument(text) {
  return text
    .replaceAll(/<!-- (?:generated|benchmark): [^]*?<!-- \/(?:generated|benchmark) -->/g, blank)
    .replaceAll(/^```[^]*?^```/gm, blank)
    .replaceAll(/`[^`\n]*`/g, (code) => WORD.repeat(code.length))
    .replaceAll(/\n(?=\s*(?:\n|[-*#|>]|\d+\.))/g, GAP)
    .replaceAll(/(?<=[\n\0])\s*(?:[-*#>]+|\d+\.)\s/g, blank);
}

function proseOfCode(file, text) {
  const isTest = file.startsWith('test/');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const literals = [];
  const titles = new Set();
  const visit = (node) => {
    if (ts.isCallExpression(node) && /^(?:test|it|describe)\b/.test(node.expression.getText()))
      titles.add(node.arguments[0]);
    if (isLiteral(node)) literals.push(node);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  const characters = [...blank(text)];
  let from = 0;
  for (const node of literals) {
    const [start, end] = [node.getStart(), node.getEnd()];
    copyComments(text, characters, from, start);
    const isTitle = titles.has(node);
    if (isTitle || (!isTest && isText(node) && !isModuleName(node) && !isCode(node.text)))
      copyText(text, characters, start + 1, end - 1);
    if (isTitle) characters[start] = TITLE;
    from = end;
  }
  copyComments(text, characters, from, text.length);
  return characters.join('');
}

function isLiteral(node) {
  return isText(node) || ts.isRegularExpressionLiteral(node);
}

function isText(node) {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
}

/** Whether a string is a script or a statement of SQL. */
function isCode(text) {
  return /[;{]\s*\n|;\s(?:do|else|fi|done)\b/.test(text);
}

function isModuleName({ parent }) {
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent);
}

function copyComments(text, characters, from, to, pattern = /\/\/[^\n]*|\/\*[^]*?\*\//g) {
  for (const { 0: comment, index } of text.slice(from, to).matchAll(pattern)) {
    const words = comment
      .replaceAll(/^\s*(?:\/\/|#+|\/?\*+\/?)/gm, (marks) => ' '.repeat(marks.length))
      .replace(/\*\/$/, '  ')
      .replaceAll(/`[^`\n]*`/g, (code) => WORD.repeat(code.length));
    copyText(words, characters, 0, words.length, from + index);
  }
}

function copyText(text, characters, from, to, target = from) {
  for (let index = from; index < to; index += 1) characters[target + index - from] = text[index];
}

/** White space stays, so that comments on adjacent lines read as one. */
function blank(text) {
  return text.replaceAll(/\S/g, GAP);
}
