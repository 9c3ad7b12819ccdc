/** Makes the single executable exit at once, with the variable's value as its exit code (scripts/executable.ts). */
export const END_WITH = 'XRAYD_END_WITH';
