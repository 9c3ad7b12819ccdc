/** A variable with which xrayd as a single executable only exits, with its value as the exit code (scripts/executable.ts). */
export const END_WITH = 'XRAYD_END_WITH';
