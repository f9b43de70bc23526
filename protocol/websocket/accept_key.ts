import { cryptoModule } from "../../reactor/drivers/node/builtin_modules.ts";

/** The constant of RFC 6455, section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Returns the value of `Sec-WebSocket-Accept` for that of `Sec-WebSocket-Key`. */
export function acceptKey(key: string): string {
  // WebCrypto would hash in another thread, so that a simulated run could not be repeated.
  return cryptoModule().createHash("sha1").update(key + GUID).digest("base64");
}

/** Returns whether a value is that of `Sec-WebSocket-Key`: 16 bytes in Base64. */
export function isKey(value: string | null): value is string {
  return value !== null && /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(value);
}
