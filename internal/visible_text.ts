/** How {@linkcode visibleText} writes a text. */
export interface VisibleTextOptions {
  /**
   * Whether a newline stays one, or is written as `\n`, so that the text is one line.
   *
   * @default {"kept"}
   */
  readonly newlines?: "kept" | "escaped" | undefined;
}

// C0 controls but for tab, DEL, the C1 controls (NEL is one), the separators of lines and
// paragraphs, and the controls that change the direction of a text.
const CONTROLS =
  // deno-lint-ignore no-control-regex -- controls are what it looks for
  /[\0-\x08\n-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const NAMES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r" };

/**
 * Returns a text that can be shown on a terminal or written into a log, wherever it comes from:
 * what would move the cursor, change colours, begin a line or turn the direction of the text around
 * is written as an escape, such as `\x1b`. Tabs stay.
 *
 * Observers of this module do this by themselves. A program that prints what a peer sent, or passes
 * it on to another peer's terminal, does it with this function.
 *
 * @param text The text.
 * @param options Whether newlines stay.
 * @returns The text, with all that is invisible written out.
 *
 * @example
 * ```ts
 * import { visibleText } from "@torsion/reactor/log";
 *
 * visibleText("\x1b[2Jgone"); // \x1b[2Jgone, as text
 * ```
 */
export function visibleText(text: string, options: VisibleTextOptions = {}): string {
  const keeps = options.newlines !== "escaped";
  return text.replace(CONTROLS, (control) => {
    if (control === "\n" && keeps) return control;
    return NAMES[control] ?? escaped(control.charCodeAt(0));
  });
}

function escaped(code: number): string {
  const digits = code.toString(16);
  return code <= 0xff ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
