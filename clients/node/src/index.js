/** Take part in an Aether Grid: produce events, follow runs, and serve what others ask for. */

export * from './errors.js'
export { Grid, Run } from './grid.js'
export { derived, minted } from './ids.js'
