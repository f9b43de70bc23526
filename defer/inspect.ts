import type { ChainState } from "./chain.ts";

/** The default of `Deno.inspect()`. */
const DEPTH = 4;

/** Returns the state of a Deferred as text: `Deferred { 42 }`, `Deferred { <pending> }`. */
export function describeState(
  name: string,
  state: ChainState,
  inspect: (value: unknown, options: { depth?: number }) => string,
  options: { depth?: number },
): string {
  const { called, paused, failed, source, result } = state;
  const depth = options.depth ?? DEPTH;
  // The depth is limited, because a Deferred can wait on a long line of Deferreds, and a result can
  // refer back to its own Deferred.
  const show = (value: unknown): string => {
    if (depth <= 0) return "[...]";
    try {
      return inspect(value, { ...options, depth: depth - 1 });
    } catch {
      return "[unreadable]";
    }
  };
  const parts: string[] = [];
  if (paused > 0) parts.push("<paused>");
  if (!called) parts.push("<pending>");
  else if (source !== undefined) parts.push(`<waiting> ${show(source)}`);
  else parts.push(failed ? `<failed> ${show(result)}` : show(result));
  return `${name} { ${parts.join(" ")} }`;
}
