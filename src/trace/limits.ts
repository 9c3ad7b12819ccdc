/** X-Ray cuts longer names and does not refuse them. Source: recorded answers of X-Ray. */
export const MAX_NAME_LENGTH = 200;
/** Deeper spans could not be serialised again; no application comes near this. */
export const MAX_DEPTH = 1_000;
