/** The levels by name, lowest first. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** A level's name. */
export type LevelName = keyof typeof LogLevels;

/** A level's number. */
export type LogLevel = typeof LogLevels[LevelName];

/** Every level's name, lowest first. */
// Object.keys() forgets the literal types of the keys.
export const LogLevelNames: LevelName[] = Object.keys(LogLevels) as LevelName[];

/** The number of the level `name`. */
export function getLevelByName(name: LevelName): LogLevel {
  if (Object.hasOwn(LogLevels, name)) return LogLevels[name];
  throw new Error(`Cannot get log level: no level named ${name}`);
}

/** The name of the level `level`. */
export function getLevelName(level: LogLevel): LevelName {
  const name = LogLevelNames.find((each) => LogLevels[each] === level);
  if (name !== undefined) return name;
  throw new Error(`Cannot get log level: no name for level: ${level}`);
}
