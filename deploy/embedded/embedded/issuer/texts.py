"""All texts of the issuer's pages, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "language": "vi",
        "other_language": "English",
        "banner": "CHỈ DÙNG THỬ – tài khoản minh họa, mật khẩu ai cũng biết. Không nhập dữ liệu thật.",
        "title": "Đăng nhập",
        "platform": "Sáng Kiến",
        "username": "Tên đăng nhập",
        "password": "Mật khẩu",
        "submit": "Đăng nhập",
        "wrong": "Tên đăng nhập hoặc mật khẩu không đúng.",
        "wait": "Sai quá nhiều lần. Hãy thử lại sau {minutes} phút.",
        "expired": "Trang này đã mở quá lâu. Hãy đăng nhập lại.",
        "refused_title": "Không thể đăng nhập",
        "refused": "Ứng dụng gửi yêu cầu không hợp lệ: {reason}. Hãy quay lại ứng dụng và thử lại.",
        "logout_title": "Đăng xuất",
        "logout_question": "Đăng xuất khỏi tài khoản {name}?",
        "logout_submit": "Đăng xuất",
        "logged_out": "Đã đăng xuất.",
        "home": "Về trang chủ",
        "about": "Dịch vụ đăng nhập dùng thử",
        "about_text": "Các tài khoản minh họa nằm trong deploy/sample/accounts.json.",
    },
    "en": {
        "language": "en",
        "other_language": "Tiếng Việt",
        "banner": "EVALUATION ONLY – demo accounts with a published password. Do not enter real data.",
        "title": "Sign in",
        "platform": "Sáng Kiến",
        "username": "User name",
        "password": "Password",
        "submit": "Sign in",
        "wrong": "The user name or the password is incorrect.",
        "wait": "Too many failed attempts. Try again in {minutes} minutes.",
        "expired": "This page was open too long. Please sign in again.",
        "refused_title": "Sign-in is not possible",
        "refused": "The application sent an invalid request: {reason}. Go back to it and try again.",
        "logout_title": "Sign out",
        "logout_question": "Sign {name} out?",
        "logout_submit": "Sign out",
        "logged_out": "You are signed out.",
        "home": "Home page",
        "about": "Sign-in service for evaluation",
        "about_text": "The demo accounts are in deploy/sample/accounts.json.",
    },
}
