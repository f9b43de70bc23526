/**
 * Chromium without a window, which a test drives by the DevTools protocol: over a WebSocket
 * connection of this library.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { connectWebSocket, WebSocketProtocol } from "../endpoints/websocket/mod.ts";
import type { InteropFixture } from "./tool.ts";

/** The answer to a command, or an event. */
interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** The connection to Chromium: commands and their answers, as JSON. */
class DevTools extends WebSocketProtocol {
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  readonly #events = new Map<string, () => void>();
  #lastId = 0;

  override messageReceived(data: string | Uint8Array): void {
    const { id, method = "", result, error }: Answer = JSON.parse(String(data));
    this.#events.get(method)?.();
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (error !== undefined) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result ?? {});
  }

  /** Waits for the next event of a name. */
  event(name: string): Promise<void> {
    return new Promise((resolve) => this.#events.set(name, resolve));
  }

  /** Sends a command. */
  call(method: string, params: object, sessionId?: unknown): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, waiting);
    this.send(JSON.stringify({ id, method, params, sessionId }));
    return waiting.promise;
  }
}

/** A page of Chromium. */
export class Page {
  readonly #devTools: DevTools;
  readonly #session: unknown;

  constructor(devTools: DevTools, session: unknown) {
    this.#devTools = devTools;
    this.#session = session;
  }

  /** Evaluates an expression, and waits for its promise. */
  async evaluate(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#call("Runtime.evaluate", params);
    assertEquals(exceptionDetails, undefined);
    return (result as { value?: unknown }).value;
  }

  /** Types a line with the keyboard, into the element that has the focus. */
  async type(line: string): Promise<void> {
    await this.#call("Input.insertText", { text: line });
    const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 };
    await this.#call("Input.dispatchKeyEvent", { type: "keyDown", text: "\r", ...key });
    await this.#call("Input.dispatchKeyEvent", { type: "keyUp", ...key });
  }

  #call(method: string, params: object): Promise<Record<string, unknown>> {
    return this.#devTools.call(method, params, this.#session);
  }
}

/**
 * Starts Chromium with a page, and ends it with the test.
 *
 * @param url The address of the page.
 */
export async function openPage(fixture: InteropFixture, url: string): Promise<Page> {
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"];
  flags.push("--no-first-run", "--disable-background-networking", "--remote-debugging-port=0");
  flags.push(`--user-data-dir=${fixture.folder()}`, "about:blank");
  const program = fixture.startAloud(...flags);
  const [, address = ""] = await program.line(/DevTools listening on (ws:\S+)$/);
  const devTools = await connectWebSocket(
    fixture.reactor,
    address,
    new DevTools({ maxMessageLength: 100_000_000 }),
  );
  // Chromium removes its files at its end, before the folder is removed.
  fixture.after(async () => {
    await devTools.call("Browser.close", {});
    await devTools.closed;
    await program.end();
  });
  const { targetId } = await devTools.call("Target.createTarget", { url: "about:blank" });
  const params = { targetId, flatten: true };
  const { sessionId } = await devTools.call("Target.attachToTarget", params);
  await devTools.call("Page.enable", {}, sessionId);
  const loaded = devTools.event("Page.loadEventFired");
  await devTools.call("Page.navigate", { url }, sessionId);
  await loaded;
  return new Page(devTools, sessionId);
}
