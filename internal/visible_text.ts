/** Options of {@linkcode visibleText}. */
export interface VisibleTextOptions {
  /**
   * Whether newlines are kept, or written as `\n`, so that the text is one line.
   *
   * @default {"kept"}
   */
  readonly newlines?: "kept" | "escaped" | undefined;
}

// Characters that could disguise a log line: the C0 controls except tab, DEL, the C1 controls
// (which include NEL), line and paragraph separators, and controls of the text direction.
const CONTROLS =
  // deno-lint-ignore no-control-regex -- the pattern matches control characters
  /[\0-\x08\n-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const NAMES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r" };

/**
 * Returns a text that is safe to show on a terminal or to write into a log.
 *
 * Characters that would move the cursor, change colours, begin a line or change the direction of
 * the text are written as escapes, such as `\x1b`. Tabs are kept.
 *
 * The observers of the log call this function themselves. A program calls it when it prints text
 * that a peer sent, or passes such text on to another peer's terminal.
 *
 * @param text The text.
 * @param options Whether newlines are kept.
 * @returns The text with visible escapes.
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
