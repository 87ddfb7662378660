// The one fact about the programme that no answer of the API tells: the root of the union tree.
export const ROOT_UNIT = "TLD";
