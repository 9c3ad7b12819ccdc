/** The environment variables of the process. Only main reads them and passes them on. */
export type Environment = Readonly<Record<string, string | undefined>>;
