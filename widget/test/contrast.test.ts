// The colours can be read: WCAG 2.2's contrast, computed from the style sheet.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

declare const WIDGET_FOLDER: string;

const css = readFileSync(join(WIDGET_FOLDER, "pages/style.css"), "utf8");
const [light = {}, dark = {}] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body = ""]) =>
  Object.fromEntries([...body.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour as string])),
);

/** Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

test("contrast is computed as WCAG's own examples", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.equal(contrast("#777777", "#ffffff").toFixed(2), "4.48");
});

for (const [scheme, colours] of [["light", light], ["dark", dark]] as const) {
  test(`words on every ground have at least 4.5 to 1, edges 3 to 1 (${scheme})`, () => {
    const on = (words: string, ground: string): number => contrast(colours[words] ?? "", colours[ground] ?? "");
    for (const ground of ["paper", "raised"]) {
      for (const words of ["ink", "muted", "accent"]) assert.ok(on(words, ground) >= 4.5, `${words} on ${ground}`);
    }
    for (const words of ["ink", "accent"]) assert.ok(on(words, "lit") >= 4.5, `${words} on lit: ${on(words, "lit")}`);
    assert.ok(on("paper", "accent") >= 4.5, "the button's words");
    assert.ok(on("edge", "paper") >= 3, "the question's frame");
  });
}
