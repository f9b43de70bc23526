/**
 * A chat whose room has people in browsers and people with a terminal.
 *
 *     deno run --allow-net --allow-read examples/web_chat.ts
 *
 * Try it: open http://localhost:8080/ in a browser, and run `nc 127.0.0.1 2000` in a terminal. Both
 * are asked for a name. A line that is typed in one appears in the other. `/who` lists the people
 * in the room, `/quit` leaves. Ctrl-C stops the server: it says goodbye to everyone, and waits
 * until they have left, at most 10 seconds. Other ports can be given as arguments, the one for
 * browsers first; 0 lets the system choose.
 */

import {
  Factory,
  LineReceiver,
  log,
  MultiService,
  reactor,
  startApplication,
  StreamServerEndpointService,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import type { IDrainableProtocol } from "@torsion/reactor/reactor";
import { HTTPAnswer, WebSocketFactory, WebSocketProtocol } from "@torsion/reactor/websocket";

/**
 * Up to 20 letters and digits of any language, so that a name cannot look like a message of the
 * server.
 */
const NAME = /^[\p{L}\p{N}_-]{1,20}$/u;
/** The maximum number of bytes of a line. */
const MAX_LENGTH = 1000;

/** A connection of a person, of any kind. */
interface Line {
  sendLine(line: string): void;
  leave(): void;
}

/** The people in the room, by name. */
const people = new Map<string, Person>();

/** Sends a line to all people except one. */
function say(line: string, except: Person): void {
  for (const person of people.values()) {
    if (person !== except) person.line.sendLine(line);
  }
}

/** A person: the part of the chat that is the same in a browser and in a terminal. */
class Person {
  readonly line: Line;
  #name: string | null = null;

  constructor(line: Line) {
    this.line = line;
  }

  arrive(): void {
    this.line.sendLine("What's your name?");
  }

  types(typed: string): void {
    // `telnet` ends lines with a carriage return.
    const text = typed.trim();
    if (this.#name === null) this.#enter(text);
    else if (text === "/quit") this.line.leave();
    else if (text === "/who") this.line.sendLine(`* ${[...people.keys()].join(", ")}`);
    else if (text !== "") {
      // A message of a browser may contain line ends.
      const line = log.visibleText(text, { newlines: "escaped" });
      say(`<${this.#name}> ${line}`, this);
    }
  }

  left(): void {
    if (this.#name === null) return;
    people.delete(this.#name);
    say(`* ${this.#name} has left`, this);
    log.msg(`${this.#name} has left`);
  }

  #enter(name: string): void {
    if (!NAME.test(name)) {
      this.line.sendLine("A name has up to 20 letters, digits, _ and -. Please choose another.");
    } else if (people.has(name)) {
      this.line.sendLine(`${name} is here already. Please choose another.`);
    } else {
      this.#name = name;
      this.line.sendLine(`Welcome, ${name}! ${people.size} here before you.`);
      people.set(name, this);
      say(`* ${name} has come`, this);
      log.msg(`${name} has come`);
    }
  }
}

/** The connection of a person with a terminal. */
class Terminal extends LineReceiver implements Line, IDrainableProtocol {
  // As `nc` ends lines.
  override delimiter = "\n";
  override MAX_LENGTH = MAX_LENGTH;
  readonly #person = new Person(this);

  override connectionMade(): void {
    this.#person.arrive();
  }

  override textReceived(text: string): void {
    this.#person.types(text);
  }

  override connectionLost(): void {
    this.#person.left();
  }

  drainRequested(): void {
    this.sendLine("* The server stops. Goodbye.");
    this.leave();
  }

  leave(): void {
    this.transport.loseConnection();
  }
}

/** The connection of a person with a browser. Each message is a line. */
class Browser extends WebSocketProtocol implements Line {
  readonly #person = new Person(this);

  constructor() {
    super({ maxMessageLength: MAX_LENGTH });
  }

  override connectionMade(): void {
    this.#person.arrive();
  }

  override messageReceived(data: string | Uint8Array): void {
    if (typeof data === "string") this.#person.types(data);
    else this.close(1003, "only text, please");
  }

  override webSocketClosed(): void {
    this.#person.left();
  }

  override drainRequested(): void {
    this.sendLine("* The server stops. Goodbye.");
    super.drainRequested();
  }

  sendLine(line: string): void {
    this.send(line);
  }

  leave(): void {
    this.close();
  }
}

/** Returns the server for browsers, which sends them the page, and opens their connections. */
function webFactory(html: string): WebSocketFactory {
  const page = new HTTPAnswer(200, {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": "default-src 'none'; connect-src 'self'; " +
        "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:",
    },
    body: html,
  });
  const notFound = new HTTPAnswer(404);
  return new WebSocketFactory(({ url }) => url.pathname === "/chat" ? new Browser() : null, {
    answer: ({ url }) => url.pathname === "/" ? page : notFound,
  });
}

if (import.meta.main) {
  const [webPort = "8080", terminalPort = "2000"] = Deno.args;
  const html = await Deno.readTextFile(new URL("web_chat.html", import.meta.url));
  log.startLogging(Deno.stdout);
  // The server aborts a client that does not read before pending lines fill the memory.
  const limits = { writeBufferLimit: 1_000_000, maxConnections: 1000 };
  const chat = new MultiService();
  for (
    const [port, factory] of [
      [webPort, webFactory(html)],
      [terminalPort, Factory.forProtocol(Terminal)],
    ] as const
  ) {
    const endpoint = new TCP4ServerEndpoint(reactor, Number(port), limits);
    const service = new StreamServerEndpointService(endpoint, factory, { drain: 10 });
    service.setServiceParent(chat);
  }
  startApplication(reactor, chat);
  await reactor.run();
}
