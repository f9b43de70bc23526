/**
 * Reads the list of hooks from the output of `deno doc --json` for the exported entry points: the
 * methods that a user's object or subclass can have, and the functions that a user can pass in.
 *
 * @module
 */

/** A type in the output of `deno doc --json`: only the parts that are read here. */
interface DocType {
  readonly kind?: string;
  readonly value?: unknown;
}

interface DocParam {
  readonly kind?: string;
  readonly name?: string;
  readonly tsType?: DocType;
  readonly left?: DocParam;
  readonly arg?: DocParam;
}

interface DocMember {
  readonly name: string;
  readonly accessibility?: string;
  readonly isStatic?: boolean;
  readonly kind?: string;
  readonly params?: readonly DocParam[];
  readonly functionDef?: { readonly params?: readonly DocParam[] };
  readonly tsType?: DocType;
}

interface DocDefinition {
  readonly methods?: readonly DocMember[];
  readonly properties?: readonly DocMember[];
  readonly constructors?: readonly DocMember[];
  readonly params?: readonly DocParam[];
  readonly tsType?: DocType;
  readonly elements?: readonly DocSymbol[];
}

interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly { readonly kind: string; readonly def?: DocDefinition }[];
}

/**
 * Runs `deno doc --json` over the entry points of `deno.json`, without those for tests: an error in
 * a function that a test passes in must reach the test.
 */
async function readDocumentation(): Promise<DocSymbol[]> {
  const root = new URL("../../", import.meta.url);
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const entries = Object.entries<string>(exports)
    .filter(([entry]) => !entry.startsWith("./testing"))
    .map(([, path]) => path);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...entries],
    cwd: root,
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`deno doc failed: ${decoder.decode(stderr)}`);
  const { nodes }: { nodes: Record<string, { symbols: DocSymbol[] }> } = JSON.parse(
    decoder.decode(stdout),
  );
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

/**
 * Collects hooks. The name of a hook is its place in the documentation: `IProtocol.dataReceived`,
 * `backoffPolicy(options.jitter)`.
 */
class HookCollector {
  readonly found = new Set<string>();
  readonly #aliases = new Map<string, DocType>();

  constructor(symbols: readonly DocSymbol[]) {
    for (const { name, declarations } of symbols) {
      for (const { kind, def } of declarations) {
        if (kind === "typeAlias" && def?.tsType !== undefined) this.#aliases.set(name, def.tsType);
      }
    }
  }

  /** Collects the hooks of one exported symbol. */
  visit({ name, declarations }: DocSymbol): void {
    for (const { kind, def = {} } of declarations) {
      if (kind === "interface" || kind === "class") this.#members(name, def);
      if (kind === "function") this.#parameters(name, def.params);
      if (kind === "typeAlias" && def.tsType?.kind === "typeLiteral") {
        this.#insideLiteral(name, def.tsType, new Set());
      }
    }
  }

  #members(
    owner: string,
    { methods = [], properties = [], constructors = [] }: DocDefinition,
  ): void {
    for (const member of constructors) this.#parameters(`new ${owner}`, member.params);
    for (const { name, isStatic, accessibility, kind, params, functionDef } of methods) {
      if (accessibility === "private" || name.startsWith("[")) continue;
      const isAccessor = kind === "getter" || kind === "setter";
      if (isStatic !== true && !isAccessor) this.found.add(`${owner}.${name}`);
      this.#parameters(`${owner}.${name}`, functionDef?.params ?? params);
    }
    for (const { name, tsType } of properties) this.#type(`${owner}.${name}`, tsType, new Set());
  }

  #parameters(owner: string, params: readonly DocParam[] = []): void {
    params.forEach((param, index) => {
      const inner = param.left ?? param.arg ?? param;
      const name = inner.name ?? `#${index}`;
      this.#type(`${owner}(${name})`, param.tsType ?? inner.tsType, new Set());
    });
  }

  /**
   * Adds `name` if a value of this type is, or may be, a function. Literal types and aliases are
   * searched too.
   */
  #type(name: string, type: DocType | undefined, seen: ReadonlySet<string>): void {
    if (type === undefined) return;
    const { kind, value } = type;
    if (kind === "fnOrConstructor") this.found.add(name);
    else if (kind === "union" || kind === "intersection") {
      for (const part of value as DocType[]) this.#type(name, part, seen);
    } else if (kind === "typeLiteral") this.#insideLiteral(name, type, seen);
    else if (kind === "parenthesized" || kind === "optional") {
      this.#type(name, value as DocType, seen);
    } else if (kind === "typeRef") {
      const { typeName } = value as { typeName: string };
      const alias = this.#aliases.get(typeName);
      if (alias !== undefined && !seen.has(typeName)) {
        this.#type(name, alias, new Set([...seen, typeName]));
      }
    }
  }

  #insideLiteral(name: string, type: DocType, seen: ReadonlySet<string>): void {
    const { properties = [], methods = [] } = type.value as DocDefinition;
    for (const method of methods) this.found.add(`${name}.${method.name}`);
    for (const property of properties) {
      this.#type(`${name}.${property.name}`, property.tsType, seen);
    }
  }
}

/** Returns the names of all hooks that the documentation shows. */
export async function documentedHooks(): Promise<string[]> {
  const symbols = await readDocumentation();
  const collector = new HookCollector(symbols);
  for (const symbol of symbols) collector.visit(symbol);
  return [...collector.found].sort();
}
