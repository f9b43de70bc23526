/**
 * The negotiation of `permessage-deflate` (RFC 7692, section 7.1), always without a context that
 * messages share.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import { HandshakeRefusal } from "./handshake_refusal.ts";

const NAME = "permessage-deflate";
const SERVER_WINDOW = "server_max_window_bits";
/** The offer of a client, and what a server answers. */
export const COMPRESSION = `${NAME}; server_no_context_takeover; client_no_context_takeover`;
/** The sizes of a window, as powers of two. */
const BITS = /^(?:[89]|1[0-5])$/;
/** The size of the window of the compressor. */
const LARGEST = "15";
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const IS_TOKEN = new RegExp(`^${TOKEN}$`);
/** A parameter. A value in quotes must be a token, too (RFC 6455, section 9.1). */
const PARAMETER = new RegExp(`^(${TOKEN})(?:[ \\t]*=[ \\t]*(?:(${TOKEN})|"(${TOKEN})"))?$`);

/** An extension in `Sec-WebSocket-Extensions`. */
interface Extension {
  readonly name: string;
  /** The parameters, in the order in which they were sent; the value of a flag is `null`. */
  readonly parameters: readonly (readonly [key: string, value: string | null])[];
}

/**
 * Returns the answer of a server to the offers in `Sec-WebSocket-Extensions`; `null` if it accepts
 * none. It declines an offer that limits its own window, because its compressor always has the
 * largest.
 *
 * @throws {HandshakeRefusal} when the field breaks its syntax (RFC 6455, section 9.1).
 */
export function answerTo(field: string | null): string | null {
  const extensions = extensionsIn(field ?? "");
  if (extensions === null) {
    const value = quote(field?.slice(0, 100));
    throw new HandshakeRefusal(400, `its Sec-WebSocket-Extensions ${value} is not valid`);
  }
  const accepted = extensions.find((extension) =>
    isDeflate(extension) && extension.parameters.every(([key, value]) => {
      if (key === SERVER_WINDOW) return value === LARGEST;
      if (key === "client_max_window_bits") return value === null || BITS.test(value);
      return isFlag(key, value);
    })
  );
  if (accepted === undefined) return null;
  // A server accepts this parameter by sending it back (section 7.1.2.1).
  const hasWindow = accepted.parameters.some(([key]) => key === SERVER_WINDOW);
  return hasWindow ? `${COMPRESSION}; ${SERVER_WINDOW}=${LARGEST}` : COMPRESSION;
}

/** Returns whether the answer of a server accepts {@linkcode COMPRESSION}, and nothing else. */
export function acceptsAnswer(field: string): boolean {
  const [extension, ...others] = extensionsIn(field) ?? [];
  if (extension === undefined || others.length > 0 || !isDeflate(extension)) return false;
  const { parameters } = extension;
  if (!parameters.some(([key]) => key === "server_no_context_takeover")) return false;
  return parameters.every(([key, value]) =>
    key === SERVER_WINDOW ? value !== null && BITS.test(value) : isFlag(key, value)
  );
}

/** Returns whether an extension is `permessage-deflate`, and has no parameter twice. */
function isDeflate({ name, parameters }: Extension): boolean {
  return name === NAME && new Set(parameters.map(([key]) => key)).size === parameters.length;
}

function isFlag(key: string, value: string | null): boolean {
  const isKnown = key === "server_no_context_takeover" || key === "client_no_context_takeover";
  return isKnown && value === null;
}

/** Returns the extensions of a field; null if it breaks its syntax. */
function extensionsIn(field: string): Extension[] | null {
  const extensions: Extension[] = [];
  for (const item of partsOf(field, ",")) {
    // A list may have empty items (RFC 9110, section 5.6.1).
    if (item === "") continue;
    const [name = "", ...rest] = partsOf(item, ";");
    if (!IS_TOKEN.test(name)) return null;
    const parameters: [string, string | null][] = [];
    for (const parameter of rest) {
      const match = PARAMETER.exec(parameter);
      if (match === null) return null;
      const [, key = "", token, quoted] = match;
      parameters.push([key.toLowerCase(), token ?? quoted ?? null]);
    }
    extensions.push({ name: name.toLowerCase(), parameters });
  }
  return extensions;
}

/** Returns the parts of a text without their outer whitespace. No token contains a separator. */
function partsOf(text: string, separator: string): string[] {
  return text.split(separator).map((part) => part.trim());
}
