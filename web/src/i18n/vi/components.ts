// What the components of src/components say, on whatever page they stand.
export const components = {
  "benefit.declared": "Giá trị làm lợi tự khai",
  "benefit.verified": "Giá trị làm lợi đã xác minh",
  "benefit.share": "{n} trên {of} sáng kiến",
  "problem.offline": "Không có mạng",
  "problem.offline_what":
    "Máy chưa nối được tới hệ thống. Nội dung đã gõ vẫn được giữ; hãy thử lại khi có mạng.",
  "problem.unavailable": "Phần này tạm thời chưa phục vụ được",
  "problem.unavailable_what": "Các phần khác vẫn dùng bình thường. Hãy thử lại sau ít phút.",
  "problem.not_allowed": "Bạn không có quyền xem phần này",
  "problem.not_allowed_what": "Hãy dùng tài khoản khác, hoặc báo cán bộ công đoàn cấp quyền cho bạn.",
  "problem.not_found": "Không tìm thấy",
  "problem.not_found_what": "Có thể địa chỉ đã cũ. Hãy kiểm tra lại hoặc về trang đầu.",
  "problem.other": "Chưa thực hiện được",
  "problem.other_what": "Hãy thử lại. Nếu vẫn lỗi, báo người hỗ trợ kèm mã dưới đây.",
  "problem.trace": "Mã lỗi: {trace}",
  "problem.stale": "Chưa cập nhật được; đây là số liệu đã tải trước đó.",
  "problem.fields": "Có {n} mục cần sửa",

  "do.retry": "Thử lại",
  "do.close": "Đóng",
  "do.cancel": "Hủy",
  "do.save": "Lưu",
  "do.more": "Xem thêm",
  "do.back": "Quay lại",
  "do.search": "Tìm",
  "do.clear": "Xóa",
  "do.print": "In",
  "do.open": "Mở",
  "do.edit": "Sửa",
  "do.remove": "Bỏ",
  "do.change": "Đổi",

  "wait.loading": "Đang tải…",
  "wait.saving": "Đang lưu…",
  "wait.sending": "Đang gửi…",

  "field.required": "bắt buộc",
  "field.optional": "không bắt buộc",
  "field.day_format": "ngày/tháng/năm, ví dụ 31/05/2022",
  "field.bad_day": "Hãy gõ ngày theo dạng ngày/tháng/năm, ví dụ 31/05/2022.",
  "field.pick_day": "Chọn ngày trên lịch",
  "field.chars": "{used}/{most} ký tự",
  "field.choose": "Chọn…",

  "picker.help": "Gõ tên đơn vị, không cần dấu: “apatit”, “cong thuong”.",
  "picker.none": "Không có đơn vị nào khớp. Thử gõ ít chữ hơn.",
  "picker.found": "{n} đơn vị khớp",
  "picker.searching": "Đang tìm…",
  "picker.change": "Đổi đơn vị",

  "chart.table": "Xem dạng bảng",

  "table.empty": "Chưa có dòng nào.",
  "table.scroll": "Bảng {name}, cuộn ngang để xem hết",

  "path.label": "Vị trí trong cây công đoàn",
} as const;
