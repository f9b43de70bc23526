/**
 * The negotiation of `permessage-deflate` (RFC 7692, section 7.1), always without a context that
 * messages share.
 *
 * @module
 */

const NAME = "permessage-deflate";
/** The offer of a client, and the answer of a server. */
export const COMPRESSION = `${NAME}; server_no_context_takeover; client_no_context_takeover`;
/** The sizes of a window, as powers of two. */
const BITS = /^(?:[89]|1[0-5])$/;

/** The parameters of an extension; `null` for a flag. */
type Parameters = ReadonlyMap<string, string | null>;

/**
 * Returns whether a server accepts one of the offers in `Sec-WebSocket-Extensions`. It declines an
 * offer that limits its own window, because its compressor always has the largest.
 */
export function acceptsOffer(field: string | null): boolean {
  return extensionsIn(field).some(([name, parameters]) =>
    name === NAME && [...parameters ?? []].every(([key, value]) => {
      if (key === "server_max_window_bits") return value === "15";
      if (key === "client_max_window_bits") return value === null || BITS.test(value);
      return isFlag(key, value);
    }) && parameters !== null
  );
}

/** Returns whether the answer of a server accepts {@linkcode COMPRESSION}, and nothing else. */
export function acceptsAnswer(field: string): boolean {
  const [first, ...others] = extensionsIn(field);
  if (first === undefined || others.length > 0) return false;
  const [name, parameters] = first;
  if (name !== NAME || parameters === null) return false;
  if (!parameters.has("server_no_context_takeover")) return false;
  return [...parameters].every(([key, value]) =>
    key === "server_max_window_bits" ? value !== null && BITS.test(value) : isFlag(key, value)
  );
}

function isFlag(key: string, value: string | null): boolean {
  const isKnown = key === "server_no_context_takeover" || key === "client_no_context_takeover";
  return isKnown && value === null;
}

/** Returns the extensions of a field. The parameters are null if one is there twice. */
function extensionsIn(field: string | null): [name: string, parameters: Parameters | null][] {
  return (field ?? "").split(",").map((extension) => {
    const [name = "", ...parameters] = extension.split(";").map((part) => part.trim());
    const pairs = parameters.map((parameter): [string, string | null] => {
      const [key = "", value = null] = parameter.split("=").map((part) => part.trim());
      return [key.toLowerCase(), value === null ? null : value.replace(/^"(.*)"$/, "$1")];
    });
    const map = new Map(pairs);
    return [name.toLowerCase(), map.size === pairs.length ? map : null];
  });
}
