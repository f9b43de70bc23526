/**
 * Finger, step 11: the users are in a file, which a service reads again every 30 seconds.
 *
 *     deno run --allow-net --allow-read examples/finger/11_user_file.ts
 *
 * Try it: write `ada: Writes programs` into the file `users.txt` and start the server. Then
 * `echo ada | nc 127.0.0.1 1079` prints `Writes programs`. Change the file, and ask again half a
 * minute later. Ctrl-C stops the server. Arguments: the file, the endpoint, and the seconds between
 * two readings.
 */

import {
  Factory,
  LineReceiver,
  log,
  MultiService,
  reactor,
  serverFromString,
  startApplication,
  StreamServerEndpointService,
  TimerService,
} from "@torsion/reactor";

class Finger extends LineReceiver<FingerFactory> {
  override delimiter = "\n";

  override textReceived(line: string): void {
    this.transport.write(`${this.factory.users.get(line.trim()) ?? "No such user"}\r\n`);
    this.transport.loseConnection();
  }
}

class FingerFactory extends Factory<Finger> {
  override protocol = Finger;
  readonly users: UserFile;

  constructor(users: UserFile) {
    super();
    this.users = users;
  }
}

/** The users in a file: each line is a name, a colon and a text. */
class UserFile {
  readonly #path: string;
  #users: ReadonlyMap<string, string> = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  get(name: string): string | undefined {
    return this.#users.get(name);
  }

  /** Reads the file. If that fails, the users stay as they are. */
  async read(): Promise<void> {
    try {
      const text = await Deno.readTextFile(this.#path);
      const lines = [...text.matchAll(/^([^:\s]+):(.*)$/gm)];
      this.#users = new Map(lines.map(([, name = "", status = ""]) => [name, status.trim()]));
      log.msg(`Read ${this.#users.size} users from ${this.#path}`);
    } catch (error) {
      log.err(error, `Cannot read the users from ${this.#path}`);
    }
  }
}

const [path = "users.txt", endpoint = "tcp:1079:interface=127.0.0.1", seconds = "30"] = Deno.args;

log.startLogging(Deno.stdout);
const application = new MultiService();
const users = new UserFile(path);

const reading = new TimerService(Number(seconds), () => users.read());
reading.clock = reactor;
reading.setServiceParent(application);

const server = new StreamServerEndpointService(
  serverFromString(reactor, endpoint),
  new FingerFactory(users),
  { raiseSynchronously: true, drain: 5 },
);
server.setServiceParent(application);

startApplication(reactor, application);
await reactor.run();
