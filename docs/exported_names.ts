/**
 * The names that the entry points export, with the members of the types among them, as `deno doc`
 * reports them.
 *
 * @module
 */

/** The part of a type that `deno doc --json` prints and this module reads. */
interface DocType {
  readonly kind: string;
  readonly value?: unknown;
}

interface DocMember {
  readonly name: string;
}

interface DocDefinition {
  readonly properties?: readonly DocMember[];
  readonly methods?: readonly DocMember[];
  readonly extends?: string | readonly DocType[];
  readonly implements?: readonly DocType[];
  readonly tsType?: DocType;
}

interface DocDeclaration {
  readonly kind: string;
  readonly def?: DocDefinition;
}

interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly DocDeclaration[];
}

/** Types whose first argument has the members. */
const VIEWS = ["Pick", "Omit", "Partial", "Required", "Readonly"];

/** The exports of a package. */
export class ExportedNames {
  readonly #entries: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #declarations: ReadonlyMap<string, readonly DocDeclaration[]>;

  private constructor(nodes: ReadonlyMap<string, readonly DocSymbol[]>) {
    this.#entries = new Map(
      [...nodes].map(([entry, symbols]) => [entry, new Set(symbols.map(({ name }) => name))]),
    );
    // A name that one entry point takes from another is a "reference" there.
    const known = [...nodes.values()].flat().filter(({ declarations }) =>
      declarations.some(({ kind }) => kind !== "reference")
    );
    this.#declarations = new Map(known.map(({ name, declarations }) => [name, declarations]));
  }

  /**
   * Reads the exports of all entry points but `.`, which only repeats names of the others.
   *
   * @param root The folder of `deno.json`.
   * @returns The exports.
   */
  static async read(root: URL): Promise<ExportedNames> {
    const text = await Deno.readTextFile(new URL("deno.json", root));
    const { exports }: { exports: Record<string, string> } = JSON.parse(text);
    const entries = Object.entries(exports).filter(([entry]) => entry !== ".");
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--json", ...entries.map(([, path]) => path)],
      cwd: root,
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    const { nodes }: { nodes: Record<string, { symbols: DocSymbol[] }> } = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    return new ExportedNames(
      new Map(
        entries.map(([entry, path]) => [
          entry.slice(1),
          nodes[new URL(path, root).href]?.symbols ?? [],
        ]),
      ),
    );
  }

  /** The entry points, without the package's name: `/defer`. */
  get entries(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Reports whether an entry point exports a name.
   *
   * @param entry The entry point: `/defer`.
   * @param name The name.
   */
  has(entry: string, name: string): boolean {
    return this.#entries.get(entry)?.has(name) ?? false;
  }

  /**
   * The entry points that export a name.
   *
   * @param name The name.
   */
  entriesOf(name: string): string[] {
    return this.entries.filter((entry) => this.has(entry, name));
  }

  /**
   * The public members of a type or object, inherited ones included.
   *
   * @param name Its name.
   */
  membersOf(name: string): Set<string> {
    return this.#members(name, new Set());
  }

  #members(name: string, seen: Set<string>): Set<string> {
    if (seen.has(name)) return new Set();
    seen.add(name);
    const definitions = (this.#declarations.get(name) ?? []).map(({ def }) => def ?? {});
    return new Set(definitions.flatMap((def) => {
      const inherited = typeof def.extends === "string"
        ? [...this.#members(def.extends, seen)]
        : (def.extends ?? []).flatMap((type) => this.#membersOfType(type, seen));
      return [
        ...[...def.properties ?? [], ...def.methods ?? []].map((member) => member.name),
        ...inherited,
        ...(def.implements ?? []).flatMap((type) => this.#membersOfType(type, seen)),
        ...(def.tsType === undefined ? [] : this.#membersOfType(def.tsType, seen)),
      ];
    }));
  }

  #membersOfType({ kind, value }: DocType, seen: Set<string>): string[] {
    // What `value` is depends on `kind`, in the JSON of Deno 2.9.
    if (kind === "union" || kind === "intersection") {
      return (value as DocType[]).flatMap((type) => this.#membersOfType(type, seen));
    }
    if (kind === "typeLiteral") {
      const { properties = [], methods = [] } = value as DocDefinition;
      return [...properties, ...methods].map((member) => member.name);
    }
    if (kind !== "typeRef") return [];
    const { typeName, typeParams } = value as { typeName: string; typeParams?: DocType[] };
    const [first] = typeParams ?? [];
    return VIEWS.includes(typeName) && first !== undefined
      ? this.#membersOfType(first, seen)
      : [...this.#members(typeName, seen)];
  }
}
