/**
 * Finger, step 15: the whole server, made from a configuration.
 *
 *     deno run --allow-net --allow-read --allow-write examples/finger/15_configuration.ts
 *
 * Try it: the program reads `finger.json`, or the file that its argument names:
 *
 *     {
 *       "listen": ["tcp:1079", "tls:7900:privateKey=key.pem:certKey=cert.pem"],
 *       "users": "users.txt",
 *       "control": "unix:finger.sock:mode=600",
 *       "forward": { "north": "tls:finger.example.org:7900" }
 *     }
 *
 * Only `listen` is required. A relative path is relative to the working directory. Ctrl-C stops the
 * servers.
 */

import {
  clientFromString,
  Factory,
  type IReactor,
  LineReceiver,
  log,
  MultiService,
  reactor,
  serverFromString,
  startApplication,
  StreamServerEndpointService,
  TimerService,
} from "@torsion/reactor";
import { FingerFactory, forwardTo } from "./finger.ts";

/** The configuration. */
export interface Configuration {
  /** Where to answer queries: descriptions of server endpoints. */
  readonly listen: readonly string[];
  /** The path of the file with the users. */
  readonly users?: string;
  /** The seconds between two readings of the file. @default {30} */
  readonly reload?: number;
  /** Where to accept changes of the users: a description of a server endpoint. */
  readonly control?: string;
  /** The servers that clients may ask: descriptions of client endpoints, by name. */
  readonly forward?: Readonly<Record<string, string>>;
}

const isText = (value: unknown): boolean => typeof value === "string";

/** The fields of a configuration: a check for each, and what it expects. */
const FIELDS: Record<keyof Configuration, [check: (value: unknown) => boolean, expects: string]> = {
  listen: [
    (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
    "a list of endpoints",
  ],
  users: [isText, "a path"],
  reload: [(value) => typeof value === "number" && value > 0, "a number of seconds above 0"],
  control: [isText, "an endpoint"],
  forward: [
    (value) => typeof value === "object" && value !== null && Object.values(value).every(isText),
    "an object with an endpoint for each name",
  ],
};

/**
 * Reads a configuration.
 *
 * @param text The text of the file: JSON.
 * @throws {Error} If the text is not a configuration.
 */
export function readConfiguration(text: string): Configuration {
  const fields: unknown = JSON.parse(text);
  if (typeof fields !== "object" || fields === null || !("listen" in fields)) {
    throw new TypeError('Cannot read the configuration: it has no field "listen"');
  }
  for (const [name, value] of Object.entries(fields)) {
    const [check, expects] = Object.entries(FIELDS).find(([known]) => known === name)?.[1] ?? [];
    if (check === undefined) {
      const known = Object.keys(FIELDS).join(", ");
      throw new TypeError(
        `Cannot read the configuration: there is no field "${name}", only ${known}`,
      );
    }
    if (!check(value)) {
      throw new TypeError(
        `Cannot read the configuration: "${name}" must be ${expects}, got ${JSON.stringify(value)}`,
      );
    }
  }
  // The fields have been checked.
  return fields as Configuration;
}

/** The users: those of the file, which is read again and again, and those of the control socket. */
class Users {
  readonly #set = new Map<string, string>();
  #read: ReadonlyMap<string, string> = new Map();

  get(name: string): string | undefined {
    return this.#set.get(name) ?? this.#read.get(name);
  }

  set(name: string, text: string): void {
    this.#set.set(name, text);
  }

  delete(name: string): boolean {
    return this.#set.delete(name);
  }

  async readFile(path: string): Promise<void> {
    try {
      const lines = [...(await Deno.readTextFile(path)).matchAll(/^([^:\s]+):(.*)$/gm)];
      this.#read = new Map(lines.map(([, name = "", text = ""]) => [name, text.trim()]));
    } catch (error) {
      log.err(error, `Cannot read the users from ${path}`);
    }
  }
}

class Control extends LineReceiver<ControlFactory> {
  override delimiter = "\n";

  override textReceived(line: string): void {
    const [name = "", ...words] = line.trim().split(/\s+/);
    const text = words.join(" ");
    if (text !== "") this.factory.users.set(name, text);
    const isKnown = text !== "" || this.factory.users.delete(name);
    this.sendLine(!isKnown ? "No such user" : text === "" ? "removed" : "set");
  }
}

class ControlFactory extends Factory<Control> {
  override protocol = Control;
  readonly users: Users;

  constructor(users: Users) {
    super();
    this.users = users;
  }
}

/** Makes the factory of the finger server. */
function fingerFactory(
  reactor: IReactor,
  users: Users,
  forward: Readonly<Record<string, string>>,
): FingerFactory {
  const endpoints = Object.entries(forward)
    .map(([name, description]) => [name, clientFromString(reactor, description)] as const);
  return new FingerFactory(reactor, {
    getUser: ({ user }) => users.get(user),
    forward: forwardTo(new Map(endpoints), reactor),
  });
}

/**
 * Makes the service that a configuration describes.
 *
 * @param reactor The reactor.
 * @param configuration The configuration.
 * @returns The service, which has not been started.
 */
export function makeService(reactor: IReactor, configuration: Configuration): MultiService {
  const { listen, users: path, reload = 30, control, forward = {} } = configuration;
  const application = new MultiService();
  const users = new Users();
  const serve = (description: string, factory: Factory): void =>
    new StreamServerEndpointService(serverFromString(reactor, description), factory, {
      raiseSynchronously: true,
      drain: 5,
    }).setServiceParent(application);
  if (path !== undefined) {
    const reading = new TimerService(reload, () => users.readFile(path));
    reading.clock = reactor;
    reading.setServiceParent(application);
  }
  const factory = fingerFactory(reactor, users, forward);
  for (const description of listen) serve(description, factory);
  if (control !== undefined) serve(control, new ControlFactory(users));
  return application;
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const [path = "finger.json"] = Deno.args;
  startApplication(reactor, makeService(reactor, readConfiguration(Deno.readTextFileSync(path))));
  await reactor.run();
}
