/** Escapes text for XML. White space is written as a number, because a parser may change it. */
export function xmlText(text: string): string {
  return text.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Whether XML 1.0 can contain the text: it has no place for other control characters and halves of characters. */
export function isXmlText(text: string): boolean {
  return !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text);
}
