import type { glossary as vi } from "../vi/glossary";

export const glossary: Record<keyof typeof vi, string> = {
  "role.member": "Member",
  "role.support": "Support group",
  "role.reviewer": "Reviewer",
  "role.official": "Official",
  "role.admin": "Programme administration",
  "role.operator": "Technical operator",
  "role.at": "{role} · {unit}",

  "state.draft": "Draft",
  "state.submitted": "Submitted",
  "state.in_review": "In review",
  "state.revision_requested": "Revision requested",
  "state.approved": "Approved",
  "state.rejected": "Rejected",
  "state.withdrawn": "Withdrawn",

  "basis.submitted": "Submitted",
  "basis.in_review": "In review",
  "basis.approved": "Approved",
  "basis.rejected": "Rejected",
  "basis.withdrawn": "Withdrawn",

  "type.ky_thuat": "Technical solution",
  "type.quan_ly": "Management solution",
  "type.tac_nghiep": "Operational solution",
  "type.ung_dung_tien_bo_ky_thuat": "Applied technical progress",
  "type.de_tai_khoa_hoc": "Research project",

  "level.national": "National",
  "level.federation": "Provincial or sector federation",
  "level.superior": "Immediate superior union",
  "level.grassroots": "Grassroots union",
};
