/**
 * A chat with nicknames.
 *
 *     deno run --allow-net examples/chat.ts
 *
 * Try it: run `nc 127.0.0.1 2000` in two terminals. The server first asks each client for a name. A
 * line that is typed in one terminal appears in the other. `/who` lists the people in the room,
 * `/quit` leaves. Control characters arrive as text, such as `\x1b`, so that no client can control
 * another's terminal. Another port can be given as an argument; 0 lets the system choose.
 */

import {
  type Address,
  LineReceiver,
  log,
  reactor,
  ServerFactory,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

/**
 * Up to 20 letters and digits of any language, so that a name cannot look like a message of the
 * server.
 */
const NAME = /^[\p{L}\p{N}_-]{1,20}$/u;

/** The chat room. It finds its members by name. */
class Room {
  readonly people = new Map<string, Talker>();

  /** Sends a line to all people except one. */
  say(line: string, except: Talker): void {
    for (const talker of this.people.values()) {
      if (talker !== except) talker.sendLine(line);
    }
  }
}

/** The connection of one member of the chat room. */
class Talker extends LineReceiver {
  // `nc` ends lines with a newline. The carriage return of `telnet` is removed below.
  override delimiter = "\n";
  override MAX_LENGTH = 1000;
  readonly #room: Room;
  #name: string | null = null;

  constructor(room: Room) {
    super();
    this.#room = room;
  }

  override connectionMade(): void {
    this.sendLine("What's your name?");
  }

  override textReceived(text: string): void {
    const line = text.replace(/\r$/, "");
    if (this.#name === null) this.#enter(line);
    else if (line === "/quit") this.transport.loseConnection();
    else if (line === "/who") this.sendLine(`* ${[...this.#room.people.keys()].join(", ")}`);
    else if (line !== "") this.#room.say(`<${this.#name}> ${log.visibleText(line)}`, this);
  }

  override lineLengthExceeded(): void {
    this.sendLine(`* A line has ${this.MAX_LENGTH} bytes at most. Goodbye.`);
    this.transport.loseConnection();
  }

  override connectionLost(reason: Error): void {
    if (this.#name === null) return;
    this.#room.people.delete(this.#name);
    this.#room.say(`* ${this.#name} has left`, this);
    log.msg(`${this.#name} has left: ${reason.message}`);
  }

  #enter(name: string): void {
    if (!NAME.test(name)) {
      this.sendLine("A name has up to 20 letters, digits, _ and -. Please choose another.");
    } else if (this.#room.people.has(name)) {
      this.sendLine(`${name} is here already. Please choose another.`);
    } else {
      this.#name = name;
      this.sendLine(`Welcome, ${name}! ${this.#room.people.size} here before you.`);
      this.#room.people.set(name, this);
      this.#room.say(`* ${name} has come`, this);
      log.msg(`${name} has come from ${this.transport.getPeer()}`);
    }
  }
}

/** Builds the connections of one chat room. */
export class ChatFactory extends ServerFactory<Talker> {
  readonly #room = new Room();

  override buildProtocol(_addr: Address): Talker {
    return new Talker(this.#room);
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  // The server aborts a client that does not read before pending lines fill the memory, and a
  // client that sends nothing for an hour.
  const bounds = { writeBufferLimit: 1_000_000, idleTimeout: 3600 };
  const endpoint = new TCP4ServerEndpoint(reactor, Number(Deno.args[0] ?? 2000), bounds);
  endpoint.listen(new ChatFactory()).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
