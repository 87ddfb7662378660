// The programme's own words: states, roles, levels, bases, types.
export const glossary = {
  "role.member": "Đoàn viên",
  "role.support": "Tổ hỗ trợ sáng kiến",
  "role.reviewer": "Người xét duyệt",
  "role.official": "Cán bộ theo dõi chỉ tiêu",
  "role.admin": "Quản trị chương trình",
  "role.operator": "Vận hành kỹ thuật",
  "role.at": "{role} · {unit}",

  "state.draft": "Bản nháp",
  "state.submitted": "Đã nộp",
  "state.in_review": "Đang xét",
  "state.revision_requested": "Cần chỉnh sửa",
  "state.approved": "Được duyệt",
  "state.rejected": "Bị từ chối",
  "state.withdrawn": "Đã rút",

  "basis.submitted": "Đã nộp",
  "basis.in_review": "Đang xét",
  "basis.approved": "Được duyệt",
  "basis.rejected": "Bị từ chối",
  "basis.withdrawn": "Đã rút",

  "type.ky_thuat": "Giải pháp kỹ thuật",
  "type.quan_ly": "Giải pháp quản lý",
  "type.tac_nghiep": "Giải pháp tác nghiệp",
  "type.ung_dung_tien_bo_ky_thuat": "Ứng dụng tiến bộ kỹ thuật",
  "type.de_tai_khoa_hoc": "Đề tài khoa học",

  "level.national": "Trung ương",
  "level.federation": "LĐLĐ tỉnh, công đoàn ngành",
  "level.superior": "Công đoàn cấp trên trực tiếp",
  "level.grassroots": "Công đoàn cơ sở",
} as const;
