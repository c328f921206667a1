/**
 * `t` for the parts of the page that are loaded later: their texts come with them. A part of the
 * first load that uses it would make it larger, which the budget of `npm run size` finds.
 */
import { enLater } from "./enLater";
import { addEnglish, text } from "./translate";

addEnglish(enLater);

export const t = text;
